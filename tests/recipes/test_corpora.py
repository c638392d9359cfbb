from pathlib import Path

import pytest

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.stages import Step
from danlu.recipes.corpora import corpus_of, extraction_of
from danlu.recipes.settings import Settings
from data.corpora import corpus, document, paragraphs


def test_files_are_read_and_their_languages_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(paragraphs("zh")[0], encoding="utf-8")
    told, read = corpus_of([tmp_path], "MIT", Settings({})), extraction_of([tmp_path], "MIT", Settings({}))
    assert isinstance(told, Step) and told.stage.name == "tell_languages"
    assert isinstance(read, Step) and read.stage.name == "extract"


def test_a_corpus_that_says_its_languages_is_taken_as_it_is() -> None:
    given = corpus([document("a", paragraphs("zh")[0], language="zh")])
    taken = corpus_of([given.path], "MIT", Settings({}))
    assert isinstance(taken, Corpus) and taken.id == given.id


def test_a_corpus_in_which_nobody_told_the_languages_has_them_told_first() -> None:
    given = corpus([document("a", paragraphs("zh")[0])])
    told = corpus_of([given.path], "MIT", Settings({}))
    assert isinstance(told, Step) and told.stage.name == "tell_languages"
    assert isinstance(told.inputs["documents"], Corpus)


def test_an_extraction_setting_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match=r"unknown key `extract\.no_such`"):
        corpus_of([tmp_path], "MIT", Settings({"extract.no_such": 1}))
