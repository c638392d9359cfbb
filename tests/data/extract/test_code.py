import json
from pathlib import Path

from danlu.data.extract.code import extract_code, extract_notebook
from outcomes import outcomes_of, rules_of

SOURCE = "#!/usr/bin/env python3\n\ndef f(x):\n\treturn x  # 返回\n\n\n\nprint(f(1))\n"


def test_code_is_kept_to_the_letter_with_its_language(tmp_path: Path) -> None:
    for name in ("a.py", "script"):
        [document] = outcomes_of(tmp_path, name, SOURCE.encode())[0]
        assert document.text == SOURCE
        assert [block.kind for block in document.blocks] == ["code"]
        assert json.loads(document.meta) == {"programming_language": "Python"}
    assert extract_code(b"all: x\n", "sub/Makefile").meta == {"programming_language": "Makefile"}


def test_cells_of_a_notebook_are_text_and_code() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# 标题\n", "text"]},
        {"cell_type": "code", "source": "x = 1\n\ny = 2", "outputs": [{"text": "a picture"}]},
        "no cell",
    ]
    found = extract_notebook(
        json.dumps({"cells": cells, "metadata": {"language_info": {"name": "python"}}}).encode(), "a.ipynb"
    )
    assert [(b.kind, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", "标题"), ("text", "text"), ("code", "x = 1\n\ny = 2"),
    ]  # fmt: skip
    assert found.edits == (("cell outputs left out", 1),)


def test_a_notebook_that_is_none_is_damaged(tmp_path: Path) -> None:
    for content in (b"{}", b"[1]", b"{broken"):
        assert rules_of(outcomes_of(tmp_path, "a.ipynb", content)[1]) == {"a.ipynb": "damaged"}
