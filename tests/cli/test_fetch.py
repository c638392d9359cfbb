import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import here
from sites import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served(Site()) as running:
        running.add_page(
            "/", "/a", "/gone", head='<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
        )
        running.add_page("/a", text="安装与维护")
        yield running


def test_the_account_is_a_table_in_the_users_language(tmp_path: Path, site: Site) -> None:
    command = ["fetch", f"{site.url}/", "--out", "out", "--allow-private", "--set", "crawl.delay_s=0"]
    english = here(tmp_path, *command)
    assert english.returncode == 0, english.stderr
    assert "CC-BY-4.0 1, unknown 1" in english.stdout and "Next: danlu clean out" in english.stdout
    assert "HTTP status 404" in english.stdout and "new" not in english.stdout
    chinese = here(tmp_path, "--lang", "zh", *command)
    assert "已获取" in chinese.stdout and "HTTP 状态 404" in chinese.stdout and "下一步" in chinese.stdout
    asked = json.loads(here(tmp_path, *command, "--json").stdout)
    assert asked["sources"][0]["counts"]["failed"] == 1


def test_a_run_that_brings_nothing_new_says_so_and_what_would(tmp_path: Path, site: Site) -> None:
    command = ["fetch", f"{site.url}/", "--out", "out", "--allow-private", "--set", "crawl.delay_s=0"]
    here(tmp_path, *command)
    assert "Nothing new: 2 kept from before. --refresh asks again." in here(tmp_path, *command).stdout
    assert "没有新内容" in here(tmp_path, "--lang", "zh", *command).stdout
    assert "Nothing new: 2 asked again and unchanged." in here(tmp_path, *command, "--refresh").stdout
    site.add_page("/gone", text="here at last")
    assert "1 new, 2 kept from before." in here(tmp_path, *command, "--refresh").stdout


def test_what_a_bound_left_out_is_said_with_the_setting(tmp_path: Path, site: Site) -> None:
    command = ["fetch", f"{site.url}/", "--out", "out", "--allow-private", "--set", "crawl.delay_s=0"]
    bounded = here(tmp_path, *command, "--set", "crawl.max_pages=1")
    assert "Left out by a bound: raise crawl.max_pages with --set" in bounded.stdout
    assert "bound" not in here(tmp_path, *command).stdout


def test_a_source_that_could_not_be_had_is_no_burden_to_the_next(tmp_path: Path, site: Site) -> None:
    options = ["--out", "out", "--allow-private", "--set", "crawl.delay_s=0"]
    assert here(tmp_path, "fetch", f"{site.url}/gone", *options).returncode == 1
    assert here(tmp_path, "fetch", "hf:nobody/nothing", *options, HF_ENDPOINT=site.url).returncode == 2
    done = here(tmp_path, "fetch", f"{site.url}/", *options, "--json")
    assert done.returncode == 0, done.stderr
    assert not any("nobody" in source["source"] for source in json.loads(done.stdout)["sources"])


def test_several_sources_share_one_folder_and_one_ledger(tmp_path: Path, site: Site) -> None:
    with served(Site()) as other:
        other.add_page("/docs/", text="other")
        done = here(
            tmp_path, "fetch", f"{site.url}/", f"{other.url}/docs/", "--out", "out", "--allow-private", "--json",
            "--set", "crawl.delay_s=0",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    labels = [source["label"] for source in json.loads(done.stdout)["sources"]]
    lines = (tmp_path / "out" / "fetch.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted({json.loads(line)["source"] for line in lines}) == sorted(labels)
    assert json.loads((tmp_path / "out" / "fetch.json").read_text(encoding="utf-8"))["format"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["manuals"], "danlu clean FOLDER"),
        (["htps://example.org/"], "Did you mean https:?"),
        (["https://"], "is no web address"),
        (["https://example.org/", "--set", "crawl.max_page=3"], "crawl.max_pages"),
        (["https://example.org/", "--set", "crawl.max_pages=0"], "expected 1 or more"),
        (["c4:en"], "names no shards"),
        (["sql:sqlite:///x.db"], "a table or a query"),
    ],
)
def test_mistakes_are_told_with_the_next_step(tmp_path: Path, arguments: list[str], said: str) -> None:
    refused = here(tmp_path, "fetch", *arguments, "--out", "out")
    assert refused.returncode == 2, refused.stderr
    assert said in refused.stderr


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = here(tmp_path, "fetch", "https://example.org/", "--out", ".")
    assert refused.returncode == 2 and "something else" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
