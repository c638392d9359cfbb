"""The reference page is what the command line says of itself."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_is_current() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["reference"]()
    shown = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert shown == written, "run `python scripts/reference.py`"
