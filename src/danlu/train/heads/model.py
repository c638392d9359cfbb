"""An encoder with a fresh head, from a base checkpoint; and the finished one, written and read back.

Only the head may be fresh: a weight of the encoder that the base does not hold would be random, and nothing would say so.
"""

import json
from pathlib import Path
from typing import Any, Literal

from danlu.core.artifacts import MANIFEST, Manifest
from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.model.checkpoint_files import save_checkpoint
from danlu.model.loading import errors_only, quiet_transformers

Task = Literal["classify", "tag", "span"]
HEAD = "head.json"
_LANGUAGE_MODEL = Phrase("it is a language model, which can be the --base of danlu finetune or danlu head")
_OTHERWISE = {
    "anomaly": Phrase("it is an anomaly head, which danlu head find-anomalies uses"),
    "embed": Phrase("it is an embedding model, which transformers and sentence-transformers load"),
    "rerank": Phrase("it is a reranker, which AutoModelForSequenceClassification of transformers loads"),
    "seq2seq": Phrase("it translates or summarises: AutoModelForSeq2SeqLM of transformers loads it"),
    **dict.fromkeys(("pretrain", "finetune", "align"), _LANGUAGE_MODEL),
}
"""By the stage that wrote a folder, what it is and what uses it."""


def load_base(folder: Path, task: Task, labels: list[str], *, is_multi_label: bool, pad_id: int, seed: int) -> Any:
    """The encoder in float32 with a fresh head for `labels`, whose weights follow from `seed`.

    Raises UserError for a model class without such a head, and for a base that lacks weights of its own.
    """
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    config.pad_token_id = pad_id
    if task != "span":
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    if task == "classify":
        config.problem_type = "multi_label_classification" if is_multi_label else "single_label_classification"
    with torch.random.fork_rng(devices=[]), quiet_transformers(), errors_only():
        torch.manual_seed(seed)
        try:
            model, found = _auto(task).from_pretrained(
                folder, config=config, dtype=torch.float32, output_loading_info=True, local_files_only=True
            )
        except ValueError as error:
            raise UserError(
                "{folder}: a model of type {type} has no head for {task} in Transformers",
                "Use an encoder of the BERT kind (BERT, RoBERTa, DistilBERT, ModernBERT).",
                folder=folder,
                type=config.model_type,
                task=task,
            ) from error
    _check_loaded(folder, model, found)
    return model


def save(model: Any, base: Path, out: Path, facts: dict[str, Any]) -> None:
    """Write an ordinary checkpoint with the tokenizer's files, and `head.json` with what only we know of it."""
    save_checkpoint(model, base, out)
    (out / HEAD).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_head(folder: Path, *, threads: int) -> tuple[Any, dict[str, Any]]:
    """A finished model in evaluation mode and its `head.json`. Raises UserError for a folder that is none."""
    import torch

    facts = head_facts(folder)
    torch.set_num_threads(threads)
    with quiet_transformers(), errors_only():
        model, found = _auto(facts["task"]).from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True, local_files_only=True
        )
    if found["missing_keys"]:
        raise WorkFailed(
            "{folder} lacks weights: {names}", folder=folder, names=", ".join(sorted(found["missing_keys"]))
        )
    return model.eval(), facts


def head_facts(folder: Path) -> dict[str, Any]:
    """What `head.json` says. Raises UserError when the folder has none, with what to do with the kind of folder that it is."""
    path = folder / HEAD
    if not path.is_file():
        stage = Manifest.read(folder).stage if (folder / MANIFEST).is_file() else ""
        raise UserError(
            "{folder} has no {name}: {what}",
            "Name a folder that `danlu head` classify, tag or span wrote.",
            folder=folder,
            name=HEAD,
            what=_OTHERWISE.get(stage, Phrase("it is no head")),
        )
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def _auto(task: Task) -> Any:
    from transformers import (
        AutoModelForQuestionAnswering,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
    )

    classes: dict[str, Any] = {
        "classify": AutoModelForSequenceClassification,
        "tag": AutoModelForTokenClassification,
        "span": AutoModelForQuestionAnswering,
    }
    return classes[task]


def _check_loaded(folder: Path, model: Any, found: dict[str, Any]) -> None:
    """A pooler (BERT's, between encoder and head) may be fresh too: models trained on masked words alone have none."""
    own = f"{model.base_model_prefix}."
    lacking = sorted(name for name in found["missing_keys"] if name.startswith(own) and ".pooler." not in name)
    wrong_shape = sorted(str(name) for name in found["mismatched_keys"])
    if lacking or wrong_shape:
        raise UserError(
            "{folder}: {count} weights of the encoder are missing or of another shape, such as {name}",
            "The weights do not belong to config.json, or the download is not whole.",
            folder=folder,
            count=len(lacking) + len(wrong_shape),
            name=(lacking + wrong_shape)[0],
        )
