"""Rows of the embeddings for pieces that were added to a vocabulary: each begins as the mean of the pieces that spelt it.

A model knows what " 文" and "件" mean; their mean is near what " 文件" should be, and nearer than noise (Hewitt 2021, "Initializing new word
embeddings for pretrained language models"; Gee et al. 2022 for pieces of several). The output rows get the same, tied or not.
Continued pretraining does the rest: until then the model spreads what it gave to the first piece over the new ones.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.model.checkpoint_files import save_checkpoint
from danlu.model.loading import quiet_transformers, read_model_facts


def extend_embeddings(checkpoint_dir: Path, vocabulary_dir: Path, out_dir: Path) -> int:
    """Write the checkpoint with a row for each added piece, and the vocabulary's files, to `out_dir`; returns its number of rows.

    `vocabulary_dir` holds `added.json` as `danlu tokenizer --base` writes it. Rows that a model has beyond its vocabulary are used
    first. Raises UserError when the vocabulary extends none, or another model's.
    """
    import torch
    from transformers import AutoModelForCausalLM

    added = _added(vocabulary_dir)
    old_rows = read_model_facts(checkpoint_dir).vocabulary_size
    if max((old for new in added for old in new["spelt"]), default=0) >= old_rows or added[0]["id"] > old_rows:
        raise UserError(
            "{vocabulary} extends another vocabulary than that of {checkpoint}, which has {rows} rows",
            "Extend this model's own: danlu tokenizer IN --base path:MODEL --out DIR",
            vocabulary=vocabulary_dir,
            checkpoint=checkpoint_dir,
            rows=old_rows,
        )
    with quiet_transformers():
        model: Any = AutoModelForCausalLM.from_pretrained(checkpoint_dir, dtype="auto", local_files_only=True)
    rows: int = max(old_rows, added[-1]["id"] + 1)
    with torch.no_grad():
        model.resize_token_embeddings(rows, mean_resizing=False)
        matrices = [model.get_input_embeddings().weight]
        output = model.get_output_embeddings()
        if output is not None and output.weight.data_ptr() != matrices[0].data_ptr():
            matrices.append(output.weight)
        if output is not None and getattr(output, "bias", None) is not None:
            matrices.append(output.bias)
        for matrix in matrices:
            for new in added:
                matrix[new["id"]] = matrix[new["spelt"]].float().mean(dim=0).to(matrix.dtype)
    save_checkpoint(model, vocabulary_dir, out_dir)
    return rows


def _added(vocabulary_dir: Path) -> Sequence[dict[str, Any]]:
    path = vocabulary_dir / "added.json"
    if not path.is_file():
        raise UserError(
            "{folder} extends no vocabulary: it has no added.json",
            "danlu tokenizer IN --base path:MODEL --out DIR writes one.",
            folder=vocabulary_dir,
        )
    added: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return added
