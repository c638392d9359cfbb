from typing import Any

from danlu.core.artifacts import Checkpoint
from danlu.core.stages import Facts
from danlu.evaluate.bot import models_compared
from stages import ran


def _made(name: str) -> Checkpoint:
    def write(folder: Any) -> Facts:
        (folder / "model.txt").write_text(name, encoding="utf-8")
        return Facts()

    return ran(Checkpoint, write)


def test_a_base_that_nothing_was_trained_from_is_compared_with_nothing() -> None:
    base, tuned = _made("base"), _made("tuned")
    assert models_compared(base, tuned) == {"base": base, "tuned": tuned}
    assert models_compared(base, None) == {}
