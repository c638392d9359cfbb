"""A text that the gate leaves alone is one that repair would not change."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.repair import repair_document
from danlu.text.records import Document
from danlu.text.suspects import suspects

_PARTS = (
    "阀门", "(", "hàn", "han", "）", " ", "\n", "\n\n", "\t", "\r", "é", "e\u0301", "\u200b", "\xad", "Ａ", "ｶ", "pаypal", "μm",
    "Ã©", "â€™", "\x85", "\ufeff", "-", "word", "的", "。", "\u3000", "\xa0", "𝐇", "ﬁ",
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PARTS), max_size=30).map("".join) | st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_no_suspect_is_not_changed(text: str) -> None:
    document = Document("d", text, "", "d.txt", "text/plain", "MIT")
    repaired, edits = repair_document(document)
    if not suspects(pa.array([text]))[0]:
        assert repaired == document
        assert edits == []


def test_ordinary_text_is_no_suspect() -> None:
    plain = ["Turn the valve off.\n\nThen wait.", "请关上阀门（先减压）。\n然后等待。", "", "a\n \nb"]
    odd = ["caf\u0065\u0301", "a\n\n\nb", "l\u200bine", "ＡＢＣ", "汉（hàn）字（zì）学（xué）"]
    assert suspects(pa.array(plain)).tolist() == [False] * 4
    assert suspects(pa.array(odd)).tolist() == [True] * 5
