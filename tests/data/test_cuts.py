"""The report of a cleaning run: its figures, its examples, and its page in a browser."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from danlu.core.artifacts import Corpus
from danlu.data.clean import CleanConfig, clean
from danlu.data.repair import RepairConfig, repair
from danlu.text.records import Document, Ledger, Reject
from data.test_clean import repaired
from stages import ran

LINE = "{0} engineers looked at the {1} pumps of the station and found that they were in good order.\n"
WORDS = "red old new big small green heavy light first last oil gas".split()
TEXTS = ["".join(LINE.format(first, second) for second in WORDS[: 2 + n % 9]) for n, first in enumerate(WORDS * 3)]
CHINESE = ["泵站里的水泵运行正常，没有发现异常情况。" * n for n in range(1, 6)]


@pytest.fixture(scope="module")
def cut() -> Corpus:
    documents = [
        Document(f"d{n}", text, "", f"docs/{n}.txt", "text/plain", "MIT") for n, text in enumerate(TEXTS + CHINESE)
    ]
    runs = {f"top_{n}_gram": 1.0 for n in (2, 3, 4)} | {f"duplicated_{n}_n_grams": 1.0 for n in range(5, 11)}
    config = CleanConfig(rules="web", bounds=runs | {"gopher_short_doc": 60})
    return ran(Corpus, lambda work: clean.body(work, config, documents=repaired(*documents)), work=True)


def test_examples_stand_next_to_the_bound_on_their_side(cut: Corpus) -> None:
    report = json.loads((cut.path / "report.json").read_text(encoding="utf-8"))
    assert report["counts"]["input"] == len(TEXTS) + len(CHINESE)
    for found in report["cuts"]:
        assert found["broken"] >= found["first"]
        assert sum(found["histogram"]["counts"]) == found["measured"]
        for side, examples in found["examples"].items():
            inside = [
                example["value"] >= found["bound"]
                if found["bound_is"] == "least"
                else example["value"] <= found["bound"]
                for example in examples
            ]
            assert all(inside) if side == "kept" else not any(inside)
    assert any(found["examples"]["rejected"] for found in report["cuts"])


def test_first_reasons_are_the_rejects(cut: Corpus) -> None:
    report = json.loads((cut.path / "report.json").read_text(encoding="utf-8"))
    assert sum(found["first"] for found in report["cuts"]) == cut.manifest.counts["rejected"]


def test_no_axis_begins_below_zero(cut: Corpus) -> None:
    report = json.loads((cut.path / "report.json").read_text(encoding="utf-8"))
    edges = [found["histogram"]["edges"] for found in report["cuts"] if found["measured"]]
    assert edges and all(found[0] >= 0 and found == sorted(found) for found in edges)


def test_the_report_says_what_stages_before_rejected_and_changed() -> None:
    kept = Document("d0", f"\ufb01rst \u200b{TEXTS[0]}", "", "docs/0.txt", "text/plain", "MIT")
    ledger = Ledger(2, [kept], [Reject("d1", "docs/1.pdf", "password", "encrypted", "readable")])
    read = ran(Corpus, ledger.write)
    mended = ran(Corpus, lambda work: repair.body(work, RepairConfig(), documents=read), work=True)
    made = ran(Corpus, lambda work: clean.body(work, CleanConfig(), documents=mended, extraction=read), work=True)
    extraction, repaired_ = json.loads((made.path / "report.json").read_text(encoding="utf-8"))["before"]
    assert extraction["counts"] == {"input": 2, "kept": 1, "rejected": 1, "rejected: password": 1}
    assert repaired_["changed"]["invisible characters"] == [1, 1]
    page = (made.path / "report.html").read_text(encoding="utf-8")
    assert "<code>password</code>" in page and "<code>invisible characters</code>" in page


def test_the_page_is_whole_and_speaks_both_languages(cut: Corpus) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((cut.path / "report.html").as_uri())
        assert page.inner_text("h1") == "What cleaning rejected, and why"
        page.click("button")
        assert page.inner_text("h1") == "清洗拒收了什么，为什么"
        assert page.locator("svg").count() > 10
        browser.close()
    assert errors == []
    assert "http" not in Path(cut.path / "report.html").read_text(encoding="utf-8").replace("http-equiv", "")
