import json
from pathlib import Path
from typing import Any

import pytest

from commands import danlu, here
from corpora import corpus, manual, manuals
from danlu.core.artifacts import Corpus, Manifest, Report
from danlu.core.errors import UserError
from danlu.data.balance.counterfactual import CounterfactualConfig, counterfactual
from danlu.data.balance.groups import WordLists
from danlu.data.balance.resample import ResampleConfig, resample
from danlu.data.balance.stage import BalanceConfig, diversity
from danlu.data.families import family
from danlu.text.records import read_documents
from danlu.text.tables import read_rows
from killed import killed_when
from stages import ran


@pytest.fixture(scope="module")
def given() -> Corpus:
    return corpus([*manuals(16), *(manual(n, False, author="a") for n in range(20, 28))])


def reported(given: Corpus, workers: int = 2, words: Path | None = None, **config: Any) -> Report:
    lists = WordLists(words) if words else None
    body = lambda work: diversity.body(work, BalanceConfig(**config), documents=given, words=lists)  # noqa: E731
    return ran(Report, body, work=True, workers=workers)


@pytest.fixture(scope="module")
def report(given: Corpus) -> Report:
    return reported(given, label_by="author")


def test_every_document_is_measured_and_weighed_once(report: Report, given: Corpus) -> None:
    ids = [row["doc_id"] for row in read_rows(given.documents, ["doc_id"])]
    for table in ("measures", "weights"):
        assert [row["doc_id"] for row in read_rows(report.path / table)] == ids
    figures = report.read()
    assert figures["documents"] == len(ids) == sum(figures["language"].values()) == sum(figures["length"].values())
    assert figures["tokens"] == sum(row["tokens"] for row in read_rows(report.path / "measures"))


def test_weights_make_groups_equal_and_labels_independent_of_them(report: Report) -> None:
    mass: dict[tuple[str, str], float] = {}
    for row in read_rows(report.path / "weights"):
        mass[row["group"], row["label"]] = mass.get((row["group"], row["label"]), 0) + row["weight"]
    by_group = {g: sum(w for (own, _), w in mass.items() if own == g) for g in ("zh", "en")}
    assert by_group["zh"] == pytest.approx(by_group["en"], rel=1e-4)
    assert mass["zh", "a"] / by_group["zh"] == pytest.approx(mass["en", "a"] / by_group["en"], rel=1e-4)
    assert report.read()["association"] > 0


def test_the_page_stands_alone_and_speaks_both_languages(report: Report) -> None:
    page = (report.path / "report.html").read_text(encoding="utf-8")
    assert "What the corpus consists of" in page and "语料的构成" in page and page.count("<svg") == 6
    assert "<script src" not in page and "<link" not in page and "@import" not in page


def test_what_a_document_says_cannot_enter_the_page_as_markup(given: Corpus) -> None:
    odd = manual(1, False)
    object.__setattr__(odd, "source", "<b>x</b>/a.html")
    page = (reported(corpus([odd, *manuals(3)], parts=1)).path / "report.html").read_text(encoding="utf-8")
    assert "<b>x</b>" not in page and "&lt;b&gt;" in page


def test_the_report_does_not_depend_on_workers(given: Corpus, report: Report) -> None:
    assert reported(given, workers=1, label_by="author").manifest.content_hash == report.manifest.content_hash


def test_a_corpus_is_brought_to_its_shares_with_families_whole(given: Corpus) -> None:
    config = ResampleConfig(targets={"zh": 0.5, "en": 0.5})
    made = ran(Corpus, lambda work: resample.body(work, config, documents=given), work=True)
    counts = made.manifest.counts
    assert counts["input"] == counts["kept"] + counts["rejected"] and counts["rejected: group over its share"] > 0
    kept = list(read_documents(made.documents))
    assert sum(document.language == "zh" for document in kept) == 8  # the scarcer group stays whole
    assert sum(document.language == "en" for document in kept) < 16
    assert {row["rule"] for row in read_rows(made.path / "rejects")} == {"group over its share"}


def test_every_counterfactual_has_its_parent(given: Corpus) -> None:
    made = ran(Corpus, lambda work: counterfactual.body(work, CounterfactualConfig(), documents=given), work=True)
    found = {document.doc_id: document for document in read_documents(made.documents)}
    variants = [document for document in found.values() if family(document) != document.doc_id]
    assert len(variants) == len(read_rows(made.path / "variants")) == 24
    for variant in variants:
        parent = found[family(variant)]
        assert ("她的爸爸" if variant.language == "zh" else "that his sister") in variant.text
        assert ("他的妈妈" if variant.language == "zh" else "that her brother") in parent.text


def test_word_lists_make_groups_of_the_user_s_own(given: Corpus, tmp_path: Path) -> None:
    lists = tmp_path / "lists.yaml"
    lists.write_text("hotel: [服务员, 房卡]\njobs: [scheduler, job]\n", encoding="utf-8")
    groups = {g["group"]: g["documents"] for g in reported(given, words=lists).read()["groups"]}
    assert groups == {"jobs": 16, "hotel": 8}


def test_the_command_reports_resamples_and_swaps(given: Corpus, tmp_path: Path) -> None:
    done = danlu(tmp_path, "balance", str(given.path), "--out", "report", "--target", "zh=0.4", "--target", "en=0.6")
    assert done.returncode == 0, done.stderr
    assert "60.0%" in done.stdout and (tmp_path / "report" / "report.html").is_file()
    for arguments in (["--resample"], ["--swap", "gender"]):
        done = here(tmp_path, "balance", str(given.path), "--out", arguments[0].strip("-"), *arguments, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["kind"] == "Corpus"


def test_a_killed_report_ends_with_the_content_of_an_uninterrupted_one(tmp_path: Path) -> None:
    given = str(corpus(manuals(24), parts=6).path)
    assert killed_when(tmp_path, ["balance", given, "--out", "out"], "measures/0000?.parquet")
    for name in ("out", "whole"):
        done = danlu(tmp_path, "balance", given, "--out", name)
        assert done.returncode == 0, done.stderr
    assert Manifest.read(tmp_path / "out").content_hash == Manifest.read(tmp_path / "whole").content_hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "zh"], "expected GROUP=SHARE"),
        (["--target", "zh=much"], "expected GROUP=SHARE"),
        (["--swap", "weather"], "counterfactual.swap"),
        (["--words", "none.yaml"], "No such file"),
        (["--resample", "--swap", "gender"], "not allowed with"),
    ],
)
def test_wrong_usage_is_told_with_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "in.txt").write_text("A package is a set of files.", encoding="utf-8")
    refused = here(tmp_path, "balance", "in.txt", "--out", "out", *arguments)
    assert refused.returncode == 2 and message in refused.stderr


@pytest.mark.parametrize("config", [{"group_by": "langage"}, {"label_by": "authr"}])
def test_a_field_that_no_document_has_is_told(given: Corpus, config: dict[str, str]) -> None:
    [(setting, name)] = config.items()
    with pytest.raises(UserError, match=f"{setting}: no document has the field {name}"):
        reported(given, **config)
