import gzip
import json
import os
import signal
import subprocess
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from commands import DANLU, Outcome, environment, here
from danlu.core.project import Source
from danlu.data.lock import lock_sources
from sites import Asked, Reply, Site, served

QUICK = ("crawl.delay_s=0", "crawl.max_wait_s=1", "crawl.timeout_s=5")


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        yield running


def fetch(folder: Path, *arguments: str, settings: tuple[str, ...] = ()) -> Outcome:
    changed = [part for setting in (*QUICK, *settings) for part in ("--set", setting)]
    return here(folder, "fetch", *arguments, "--out", "out", "--allow-private", "--json", *changed)


def ledger(folder: Path) -> dict[str, dict[str, Any]]:
    """What fetch.jsonl says, by path."""
    lines = (folder / "out" / "fetch.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {"/" + row["item"].split("/", 3)[3]: row for row in rows}


def reasons(folder: Path) -> dict[str, str]:
    return {path: row.get("reason", row["state"]) for path, row in ledger(folder).items()}


def untimed(folder: Path) -> dict[str, dict[str, Any]]:
    """The ledger without when, and without how often it took."""
    return {
        path: {key: row[key] for key in row.keys() - {"fetched_at", "tries"}} for path, row in ledger(folder).items()
    }


def records(folder: Path) -> dict[str, bytes]:
    """What the archive holds, by path; no page twice."""
    found: dict[str, bytes] = {}
    for path in sorted((folder / "out").glob("*/*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, WarcRecordType.response, parse_http=True):
                key = "/" + record.headers["WARC-Target-URI"].split("/", 3)[3]
                assert key not in found
                found[key] = record.reader.read()
    return found


def test_a_site_is_fetched_by_its_rules_and_every_address_has_its_end(tmp_path: Path, site: Site) -> None:
    site.pages["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /private/\n")
    licence = '<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'
    site.add_page("/", "/a", "/a?utm_source=x", "/private/x", "/gone", "https://other.example/", head=licence)
    site.add_page("/a", "/noindex", "/reserved", "/twin", "/variant", text="操作系统的安装")
    site.add_page("/noindex", "/found", head='<meta name="robots" content="noindex">')
    site.add_page("/reserved", **{"tdm-reservation": "1"})
    site.pages["/twin"] = site.pages["/found"] = Reply(b"<p>the same</p>", headers={"Content-Type": "text/html"})
    site.add_page("/variant", head='<link rel="canonical" href="/a">')
    site.pages["/video"] = Reply(b"...", headers={"Content-Type": "video/mp4"})
    site.add_page("/private/x")
    done = fetch(tmp_path, f"{site.url}/")
    assert done.returncode == 0, done.stderr
    assert reasons(tmp_path) == {
        "/": "fetched", "/a": "fetched", "/private/x": "robots.txt forbids", "/gone": "HTTP status", "/noindex": "noindex",
        "/reserved": "reserved against training", "/twin": "fetched", "/variant": "canonical elsewhere",
        "/found": "same content",
    }  # fmt: skip
    assert ledger(tmp_path)["/gone"]["value"] == "404 Not Found"
    assert set(records(tmp_path)) == {"/", "/a", "/twin"}
    assert "操作系统" in records(tmp_path)["/a"].decode()
    assert "/private/x" not in site.paths()
    [source] = json.loads(done.stdout)["sources"]
    assert source["counts"] == {"fetched": 3, "skipped": 5, "failed": 1, "waiting": 0}
    assert source["reasons"]["failed: HTTP status 404"] == 1
    assert source["licences"] == {"CC-BY-SA-4.0": 1, "unknown": 2}
    assert Counter(site.paths()).most_common(1)[0][1] == 1


def test_pages_come_from_sitemaps_through_indexes_and_gzip(tmp_path: Path, site: Site) -> None:
    site.add_page("/docs/")
    for name in "abc":
        site.add_page(f"/docs/{name}")
    site.pages["/robots.txt"] = Reply(f"Sitemap: {site.url}/index.xml\nnonsense\n\xff\n".encode())
    site.pages["/index.xml"] = Reply(
        f"<sitemapindex><sitemap><loc>{site.url}/more.xml.gz</loc></sitemap><sitemap><loc>{site.url}/2.txt</loc></sitemap>"
        f"<sitemap><loc>{site.url}/broken.gz</loc></sitemap><sitemap><loc>{site.url}/index.xml</loc></sitemap>".encode()
    )
    inner = f"<sm:sitemapindex><sm:sitemap><sm:loc>{site.url}/1.xml.gz</sm:loc></sm:sitemap></sm:sitemapindex>"
    site.pages["/more.xml.gz"] = Reply(gzip.compress(inner.encode()))
    listed = (
        f"<urlset><url><loc>{site.url}/docs/a</loc></url><url><loc><![CDATA[{site.url}/docs/b]]></loc><url>not closed"
    )
    site.pages["/1.xml.gz"] = Reply(gzip.compress(listed.encode()))
    site.pages["/2.txt"] = Reply(f"{site.url}/docs/c\n{site.url}/elsewhere\n".encode())
    site.pages["/broken.gz"] = Reply(gzip.compress(b"x" * 1000)[:20])
    done = fetch(tmp_path, f"{site.url}/docs/")
    assert set(reasons(tmp_path)) == {"/docs/", "/docs/a", "/docs/b", "/docs/c"}
    assert "gzip" in json.loads(done.stdout)["sources"][0]["sitemap_problems"][f"{site.url}/broken.gz"]


def test_of_more_sitemaps_than_are_read_the_first_count_and_the_rest_is_said(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("danlu.data.fetch.sitemaps.MAX_FILES", 3)
    site.add_page("/")
    site.pages["/robots.txt"] = Reply(f"Sitemap: {site.url}/index.xml".encode())
    listed = "".join(f"<sitemap><loc>{site.url}/{number}.txt</loc></sitemap>" for number in range(5))
    site.pages["/index.xml"] = Reply(f"<sitemapindex>{listed}</sitemapindex>".encode())
    for number in range(5):
        site.pages[f"/{number}.txt"] = Reply(f"{site.url}/page-{number}".encode())
        site.add_page(f"/page-{number}")
    [source] = json.loads(fetch(tmp_path, f"{site.url}/").stdout)["sources"]
    assert set(records(tmp_path)) == {"/", "/page-0", "/page-1"}
    assert source["sitemap_problems"] == {f"{site.url}/2.txt": "not read: more than 3 sitemaps"}


@pytest.mark.parametrize(
    ("reply", "fetched"),
    [
        (Reply(status=404), True),
        (Reply(status=403), True),
        (Reply(b"<html>not robots</html>"), True),
        (Reply(b"\x00\xff" * 400_000), True),
        (Reply(status=302, headers={"Location": "/robots.txt"}), True),
        (Reply(status=500), False),
        (Reply(status=429), False),
        (Reply(status=503, headers={"Retry-After": "86400"}), False),
        (Reply(wait_s=5), False),
        (Reply(b"User-agent: danlu\nDisallow: /\n\nUser-agent: *\nAllow: /"), False),
        (Reply(b"User-agent: *\nCrawl-delay: 86400\n"), False),
        (Reply(b"User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /"), False),
        (Reply(b"User-agent: shop\nContent-Signal: ai-train=no\n\nUser-agent: *\nAllow: /"), True),
    ],
)
def test_what_robots_txt_allows(tmp_path: Path, site: Site, reply: Reply, fetched: bool) -> None:
    site.pages["/robots.txt"] = reply
    site.add_page("/")
    done = fetch(tmp_path, f"{site.url}/", settings=("crawl.max_tries=2", "crawl.timeout_s=0.6"))
    assert done.returncode == (0 if fetched else 1), done.stderr
    assert ("/" in site.paths()) == fetched


def test_a_site_of_ones_own_may_be_fetched_against_its_reservation(tmp_path: Path, site: Site) -> None:
    site.pages["/robots.txt"] = Reply(b"User-agent: *\nContent-Signal: ai-train=no\n")
    site.add_page("/")
    assert fetch(tmp_path, f"{site.url}/", settings=("crawl.obey_reservations=false",)).returncode == 0


def _calendar(asked: Asked) -> Reply:
    month = int(asked.path.rpartition("/")[2])
    body = f'<p>{month}</p><a href="/month/{month + 1}">next</a><a href="deeper/{month}">deeper</a>'
    return Reply(body.encode(), headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("setting", "reason"),
    [("crawl.max_pages=7", "page limit"), ("crawl.max_depth=4", "too deep"), ("crawl.max_bytes=3000", "size limit")],
)
def test_a_site_that_never_ends_is_bounded_and_says_so(tmp_path: Path, site: Site, setting: str, reason: str) -> None:
    site.add_page("/month/", "1")
    site.otherwise = lambda asked: _calendar(asked) if asked.path[-1].isdigit() else Reply(status=404)
    done = fetch(tmp_path, f"{site.url}/month/", settings=(setting,))
    assert done.returncode == 0, done.stderr
    [source] = json.loads(done.stdout)["sources"]
    assert source["reasons"][f"skipped: {reason}"] >= 1
    assert source["counts"]["waiting"] == 0


def test_variants_of_one_path_and_paths_that_repeat_are_bounded(tmp_path: Path, site: Site) -> None:
    site.add_page("/", *(f"/list?sort={number}" for number in range(30)), "/x" * 5)
    site.otherwise = lambda asked: Reply(asked.path.encode(), headers={"Content-Type": "text/plain"})
    fetch(tmp_path, f"{site.url}/", settings=("crawl.max_variants=5",))
    found = Counter(reasons(tmp_path).values())
    assert found == {"fetched": 6, "too many variants": 25, "path repeats itself": 1}
    fetch(tmp_path, f"{site.url}/", settings=("crawl.max_variants=8",))
    found = Counter(reasons(tmp_path).values())
    assert found == {"fetched": 9, "too many variants": 22, "path repeats itself": 1}


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (("crawl.max_pages=3", "crawl.max_depth=4"), ("crawl.max_pages=5", "crawl.max_depth=4")),
        (("crawl.max_pages=5", "crawl.max_depth=1"), ("crawl.max_pages=5", "crawl.max_depth=4")),
    ],
)
def test_a_raised_bound_goes_on_where_the_lower_one_ended(
    tmp_path: Path, site: Site, low: tuple[str, ...], high: tuple[str, ...]
) -> None:
    site.add_page("/month/", "1")
    site.otherwise = lambda asked: _calendar(asked) if asked.path[-1].isdigit() else Reply(status=404)
    seed = f"{site.url}/month/"
    fetch(tmp_path, seed, settings=low)
    assert len(records(tmp_path)) < 5
    fetch(tmp_path, seed, settings=high)
    assert len(records(tmp_path)) == 5
    assert Counter(path for path in site.paths() if "month" in path).most_common(1)[0][1] == 1


def test_a_busy_host_is_obeyed_and_asked_again(tmp_path: Path, site: Site) -> None:
    times: list[float] = []
    answers = iter(
        [
            Reply(status=429, headers={"Retry-After": "1"}),
            Reply(status=503),
            Reply(b"text", headers={"Content-Type": "text/plain"}),
        ]
    )

    def page(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return next(answers)

    site.pages["/"] = page
    assert fetch(tmp_path, f"{site.url}/").returncode == 0
    assert records(tmp_path) == {"/": b"text"}
    assert times[1] - times[0] >= 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=429), "server busy"),
        (Reply(status=503, headers={"Retry-After": "86400"}), "host given up"),
        (Reply(status=500), "server error"),
        (Reply(b"cut", length=1000), "connection broke"),
        (Reply(wait_s=3), "timed out"),
        (Reply(status=301, headers={"Location": "/bad"}), "redirect loop"),
        (Reply(status=302, headers={"Location": "https://other.example/"}), "redirects away"),
        (Reply(status=302, headers={"Location": "http://[bad"}), "not a URL"),
        (Reply(b"x" * 5000), "too large"),
        (Reply(gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"}), "too large"),
        (Reply(b"nonsense", headers={"Content-Encoding": "gzip"}), "content encoding"),
        (Reply(b"nonsense", headers={"Content-Encoding": "br"}), "content encoding"),
        (Reply(b"...", headers={"Content-Type": "video/mp4"}), "content type"),
        (Reply(status=401), "HTTP status"),
        (Reply(b"drop by drop" * 100, drip_s=0.05), "timed out"),
        (Reply(b" "), "no text"),
    ],
)
def test_a_page_that_cannot_be_had_costs_itself_and_says_why(
    tmp_path: Path, site: Site, reply: Reply, reason: str
) -> None:
    site.add_page("/", "/bad", "/good")
    site.add_page("/good")
    site.pages["/bad"] = reply
    settings = ("crawl.max_tries=2", "crawl.max_page_bytes=2000", "crawl.timeout_s=0.6")
    done = fetch(tmp_path, f"{site.url}/", settings=settings)
    assert reasons(tmp_path)["/bad"] == reason
    if reason != "host given up":
        assert done.returncode == 0, done.stderr
        assert reasons(tmp_path)["/good"] == "fetched"


def test_redirects_are_followed_within_the_site_and_five_at_most(tmp_path: Path, site: Site) -> None:
    site.add_page("/", "/old", "/there", "/chain0")
    site.pages["/old"] = Reply(status=301, headers={"Location": "new"})
    site.add_page("/new")
    site.pages["/there"] = Reply(status=302, headers={"Location": "/back"})
    site.pages["/back"] = Reply(status=302, headers={"Location": "/there"})
    for number in range(9):
        site.pages[f"/chain{number}"] = Reply(status=307, headers={"Location": f"/chain{number + 1}"})
    fetch(tmp_path, f"{site.url}/")
    found = reasons(tmp_path)
    assert (found["/old"], found["/new"]) == ("redirects", "fetched")
    assert (found["/there"], found["/back"]) == ("redirects", "redirect loop")
    assert (found["/chain4"], found["/chain5"]) == ("redirects", "too many redirects")
    assert "/chain6" not in found


def test_a_site_that_has_moved_is_not_followed_and_its_new_address_is_named(tmp_path: Path, site: Site) -> None:
    with served(Site()) as other:
        other.add_page("/home")
        site.pages["/"] = Reply(status=301, headers={"Location": f"{other.url}/home"})
        failed = fetch(tmp_path, f"{site.url}/")
        assert failed.returncode == 1
        assert f"redirects away (1); first {site.url}/: {other.url}/home" in failed.stderr
        assert other.asked == []


def test_raw_deflate_is_unpacked(tmp_path: Path, site: Site) -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"text " * 50) + packer.flush()
    site.pages["/"] = Reply(packed, headers={"Content-Encoding": "deflate", "Content-Type": "text/plain"})
    fetch(tmp_path, f"{site.url}/")
    assert records(tmp_path) == {"/": b"text " * 50}


def test_a_host_that_is_always_busy_is_given_up_and_what_was_fetched_is_kept(tmp_path: Path, site: Site) -> None:
    site.add_page("/", *(f"/{number}" for number in range(30)))
    site.otherwise = Reply(status=429)
    site.pages["/robots.txt"] = Reply(status=404)
    given_up = fetch(tmp_path, f"{site.url}/", settings=("crawl.max_failures=4",))
    assert given_up.returncode == 1 and "was given up after 1" in given_up.stderr
    assert len(site.asked) < 10
    site.otherwise = lambda asked: Reply(asked.path.encode(), headers={"Content-Type": "text/plain"})
    assert fetch(tmp_path, f"{site.url}/").returncode == 0
    assert len(records(tmp_path)) == 31
    assert site.paths().count("/") == 1


def test_a_host_is_not_asked_faster_than_it_wishes_for_pages_nor_for_sitemaps(tmp_path: Path, site: Site) -> None:
    times: list[float] = []

    def answer(asked: Asked) -> Reply:
        times.append(time.monotonic())
        body = "<urlset></urlset>" if asked.path.endswith(".xml") else f'{asked.path}<a href="/2">2</a>'
        return Reply(body.encode(), headers={"Content-Type": "text/html"})

    sitemaps = "".join(f"Sitemap: {site.url}/{name}.xml\n" for name in "ab")
    site.pages["/robots.txt"] = Reply(f"User-agent: *\nCrawl-delay: 0.2\n{sitemaps}".encode())
    site.otherwise = answer
    fetch(tmp_path, f"{site.url}/")
    assert site.paths() == ["/robots.txt", "/a.xml", "/b.xml", "/", "/2"]
    assert times[-1] - times[0] >= 0.2 * (len(times) - 1) * 0.7  # a server on a busy machine notes some of them late


def test_a_canonical_address_that_fails_gives_the_page_back(tmp_path: Path, site: Site) -> None:
    site.add_page("/", "/a")
    site.add_page("/a", head='<link rel="canonical" href="/main">')
    fetch(tmp_path, f"{site.url}/")
    assert reasons(tmp_path) == {"/": "fetched", "/a": "fetched", "/main": "HTTP status"}


def test_refresh_fetches_what_changed_and_nothing_else(tmp_path: Path, site: Site) -> None:
    site.add_page("/", "/same", "/changed", "/gone")
    unchanged = site.pages["/"]
    assert isinstance(unchanged, Reply)

    def same(asked: Asked) -> Reply:
        known = asked.headers.get("if-none-match") == '"1"'
        return Reply(status=304) if known else Reply(b"same", headers={"ETag": '"1"', "Content-Type": "text/plain"})

    site.pages["/same"] = same
    site.add_page("/changed", text="before")
    site.add_page("/gone")
    assert fetch(tmp_path, f"{site.url}/").returncode == 0
    asked = len(site.asked)
    again = fetch(tmp_path, f"{site.url}/")
    assert len(site.asked) == asked
    assert json.loads(again.stdout)["sources"][0]["new"] == 0
    site.add_page("/changed", "/new", text="after")
    site.add_page("/new")
    del site.pages["/gone"]
    refreshed = fetch(tmp_path, f"{site.url}/", "--refresh")
    assert json.loads(refreshed.stdout)["sources"][0]["new"] == 2
    held = records(tmp_path)
    assert set(held) == {"/", "/same", "/changed", "/new"}
    assert b"after" in held["/changed"]


def test_refresh_keeps_what_a_broken_server_has_lost_for_the_moment(tmp_path: Path, site: Site) -> None:
    site.add_page("/", "/a")
    site.add_page("/a")
    fetch(tmp_path, f"{site.url}/")
    site.pages["/a"] = Reply(status=500)
    fetch(tmp_path, f"{site.url}/", "--refresh", settings=("crawl.max_tries=2",))
    assert set(records(tmp_path)) == {"/", "/a"}
    assert reasons(tmp_path)["/a"] == "not refreshed, kept as it was"


@pytest.mark.parametrize(("robots", "code"), [(Reply(status=500), 1), (Reply(wait_s=5), 1), (None, 2)])
def test_refresh_keeps_all_that_there_is_where_the_rules_cannot_be_had(
    tmp_path: Path, site: Site, robots: Reply | None, code: int
) -> None:
    site.add_page("/", "/a")
    site.add_page("/a")
    fetch(tmp_path, f"{site.url}/")
    if robots:
        site.pages["/robots.txt"] = robots
        refused = fetch(tmp_path, f"{site.url}/", "--refresh", settings=("crawl.max_tries=1", "crawl.timeout_s=0.6"))
        assert "was given up after 2: robots.txt cannot be had" in refused.stderr
    else:
        refused = here(tmp_path, "fetch", f"{site.url}/", "--out", "out", "--refresh")
        assert "--allow-private" in refused.stderr
    assert refused.returncode == code
    assert set(records(tmp_path)) == {"/", "/a"}
    site.pages["/robots.txt"] = Reply(status=404)
    assert fetch(tmp_path, f"{site.url}/").returncode == 0
    assert set(records(tmp_path)) == {"/", "/a"}


def test_killed_and_run_again_a_crawl_is_what_it_is_undisturbed_and_asks_for_no_page_twice(
    tmp_path: Path, site: Site
) -> None:
    names = [f"/{number}" for number in range(40)]
    site.add_page("/", *names)
    for name in names:
        site.add_page(name, text=f"page {name} " * 20)
    command = [
        DANLU, "fetch", f"{site.url}/", "--out", "out", "--allow-private", "--json", "--set", "crawl.delay_s=0.02",
    ]  # fmt: skip
    for pages in (6, 18):
        running = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL)
        while len([path for path in site.paths() if path in names]) < pages:
            assert running.poll() is None
            time.sleep(0.005)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    [archive] = (tmp_path / "out").glob("*/*.warc.gz")
    with archive.open("ab") as file:
        file.write(b"\x1f\x8b half a record")
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    counted = Counter(path for path in site.paths() if path in names)
    assert set(counted) == set(names)
    assert sum(counted.values()) <= len(names) + 2  # the page in flight at each kill
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    assert fetch(undisturbed, f"{site.url}/").returncode == 0
    assert records(tmp_path) == records(undisturbed)
    assert untimed(tmp_path) == untimed(undisturbed)


def test_private_addresses_are_refused_unless_allowed(tmp_path: Path, site: Site) -> None:
    site.add_page("/")
    for host in ("127.0.0.1", "localhost"):
        refused = here(tmp_path, "fetch", site.url.replace("127.0.0.1", host), "--out", host)
        assert refused.returncode == 2
        assert "not public" in refused.stderr and "--allow-private" in refused.stderr
    assert site.asked == []


def test_of_a_fetched_folder_the_pages_are_a_source_and_the_account_is_none(tmp_path: Path, site: Site) -> None:
    site.add_page("/")
    fetch(tmp_path, f"{site.url}/")
    [file] = lock_sources([Source(tmp_path / "out", "unknown")]).files
    assert file.source.endswith("/00000.warc.gz")
