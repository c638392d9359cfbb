"""Texts from an encoder-decoder model, by beam search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from danlu.train.examples import Row

_BATCH_TEXTS = 16


@dataclass(frozen=True)
class Generation:
    """How texts are generated."""

    prefix: str
    source_tokens: int
    """Longer sources are cut."""
    target_tokens: int
    """The longest text that is generated."""
    beams: int


def generate(model: Any, tokenizer: Any, rows: Sequence[Row], how: Generation) -> list[str]:
    """A text for the `source` of each row, without special tokens. Rows of like length go together; chance has no part."""
    import torch

    model.eval()
    order = sorted(range(len(rows)), key=lambda at: (-len(rows[at]["source"]), at))
    made = [""] * len(rows)
    for start in range(0, len(order), _BATCH_TEXTS):
        numbers = order[start : start + _BATCH_TEXTS]
        texts = [how.prefix + rows[at]["source"] for at in numbers]
        given = tokenizer(texts, truncation=True, max_length=how.source_tokens, padding=True, return_tensors="pt")
        with torch.inference_mode():
            ids_BT = model.generate(
                input_ids=given["input_ids"], attention_mask=given["attention_mask"], num_beams=how.beams,
                do_sample=False, max_new_tokens=how.target_tokens - 1,
            )  # fmt: skip
        for at, text in zip(numbers, tokenizer.batch_decode(ids_BT, skip_special_tokens=True), strict=True):
            made[at] = text.strip()
    return made
