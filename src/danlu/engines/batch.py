"""Greedy generation for many prompts at once, as evaluation needs it: static batches, padded on the left.

Shapes: B rows, T positions so far, V tokens of the vocabulary.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danlu.core.progress import Progress, Silent
from danlu.engines.sampling import greedy
from danlu.model.loading import load_model

_ROWS = 8
"""Rows of a batch: 8 gave four times the tokens per second of one row; more wait for the longest."""


def generate_batch(
    checkpoint_dir: Path,
    prompts_ids: Sequence[list[int]],
    max_new_tokens: int,
    stop_ids: frozenset[int],
    threads: int,
    progress: Progress | None = None,
) -> list[list[int]]:
    """Continue each prompt greedily; a result ends with its stop token, or after `max_new_tokens`.

    Equal to one-by-one generation up to the rounding of float32, which can decide between two all but equal logits.
    """
    model = load_model(checkpoint_dir, threads=threads)
    # Prompts of like length share a batch, so that little is padded.
    order = sorted(range(len(prompts_ids)), key=lambda index: (len(prompts_ids[index]), index))
    results: dict[int, list[int]] = {}
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        outputs = _continue_rows(model, [prompts_ids[row] for row in rows], max_new_tokens, stop_ids)
        results.update(zip(rows, outputs, strict=True))
        (progress or Silent()).advance(len(results), len(order))
    return [results[index] for index in range(len(prompts_ids))]


def _continue_rows(
    model: Any, prompts_ids: Sequence[list[int]], max_new_tokens: int, stop_ids: frozenset[int]
) -> list[list[int]]:
    import torch
    from transformers import DynamicCache

    longest = max(len(ids) for ids in prompts_ids)
    ids_BT = torch.tensor([[0] * (longest - len(ids)) + ids for ids in prompts_ids])
    mask_BT = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts_ids])
    positions_BT = (mask_BT.cumsum(dim=1) - 1).clamp(min=0)
    outputs: list[list[int]] = [[] for _ in prompts_ids]
    cache = DynamicCache(config=model.config)
    for _ in range(max_new_tokens):
        with torch.inference_mode():
            logits_BV = model(
                input_ids=ids_BT,
                attention_mask=mask_BT,
                position_ids=positions_BT,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
        tokens = greedy(logits_BV)
        for output, token in zip(outputs, tokens, strict=True):
            if not _ended(output, stop_ids):
                output.append(token)
        if all(_ended(output, stop_ids) for output in outputs):
            break
        # Rows that have ended run along: what they say is dropped.
        ids_BT = torch.tensor(tokens).unsqueeze(1)
        mask_BT = torch.cat([mask_BT, torch.ones_like(ids_BT)], dim=1)
        positions_BT = positions_BT[:, -1:] + 1
    return outputs


def _ended(output: list[int], stop_ids: frozenset[int]) -> bool:
    return bool(output) and output[-1] in stop_ids
