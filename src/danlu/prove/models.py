"""Checkpoints of any kind as float32 models in memory, their logits, and the texts that they are compared on.

Shapes: T positions, V tokens of the vocabulary (or classes of a classifier).
"""

import os
import random
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.core.errors import UserError
from danlu.core.library_errors import first_words
from danlu.prove.adapted import AdaptedFolder
from danlu.prove.folder import ModelFolder
from danlu.prove.skeleton import from_pretrained, made_up, model_class, silent, wants_code

if TYPE_CHECKING:
    from danlu.text.rows.rows import Conversation

_AUTO_CLASSES = (
    ("ForMaskedLM", "AutoModelForMaskedLM"),
    ("ForPreTraining", "AutoModelForPreTraining"),
    ("ForSequenceClassification", "AutoModelForSequenceClassification"),
    ("ForTokenClassification", "AutoModelForTokenClassification"),
    ("ForConditionalGeneration", "AutoModelForSeq2SeqLM"),
    ("MTModel", "AutoModelForSeq2SeqLM"),
)
"""By the end of an architecture's name; whatever else is asked for logits is a causal language model."""
_SPARE = 1.15
"""What loading and one pass over a few hundred tokens take beside the weights: 1.10 measured on SmolLM2-135M."""
_BATCH_TEXTS = 8
_BATCH_BYTES = 200_000_000
"""Of logits."""
PROBE_TEXTS = (
    "The pump started at seven, ran for three hours and stopped when the pressure fell below two bar.",
    "请先关闭阀门，再检查压力表；如果读数高于 0.6 兆帕，不要打开盖板。",
    "def mean(values: list[float]) -> float:\n    if not values:\n        raise ValueError('empty')\n    return sum(values) / len(values)\n",
    "In 2023 the plant made 12,480 units, 7.5 % more than in 2022; each cost $31.90, so 12,480 × 31.90 = 398,112.",
    "客户问：How long is the warranty? 回答：保修期为两年，从 delivery date 起算。",
    "Great work 🎉👍🏽! 我们明天见 👩‍🔬🚀, and bring the café naïve résumé ✅",
    '{"name": "valve-7", "open": false, "limits": [0.5, 2.0], "notes": null}\nSELECT id FROM parts WHERE size > 3 ORDER BY id;',
    "Why does ice float on water? Because water expands when it freezes, ice is less dense than the water around it.",
)
"""Short texts of our own that no model is trained on: English, Chinese, code, numbers, a mixture, emoji, data, an answer."""


def load(folder: ModelFolder, *, threads: int) -> Any:
    """The model of a folder in float32 and evaluation mode, on the CPU; `threads` holds for the whole process.

    It is what the folder's own weights compute: an adapter that lies beside them is not applied, but that of an
    AdaptedFolder is, unmerged, as PEFT runs it. Raises UserError when the weights need more memory than is free, when the
    folder wants code of its own that was not allowed, when its weights are pickle or lack tensors that the model has, or
    when it does not load.
    """
    import torch
    import transformers

    if isinstance(folder, AdaptedFolder):
        return _adapted(folder, load(folder.base, threads=threads))
    _check_weights(folder)
    torch.set_num_threads(threads)
    kind: Any = (None if wants_code(folder) else model_class(folder)) or getattr(transformers, auto_class_name(folder))
    model, report = from_pretrained(folder, kind)
    missing = made_up(report["missing_keys"])
    if missing:
        raise UserError(
            "{path} lacks {count} tensors of the model, such as {name}: loading fills them with random numbers",
            "copy the missing files from where the model was made",
            path=folder.path,
            count=len(missing),
            name=missing[0],
        )
    for module in model.modules():
        if type(module).__name__ == "Linear4bit":
            # bitsandbytes' fast path for processors with bfloat16 refuses some shapes in the middle of a forward.
            module.support_avx512bf16_for_cpu = False
    return model.eval()


def _adapted(folder: AdaptedFolder, model: Any) -> Any:
    """The adapter put on its base in memory; a vocabulary that it resized is resized first."""
    from peft import PeftModel

    rows = folder.vocabulary_rows
    with warnings.catch_warnings(), silent():
        warnings.simplefilter("ignore")
        if rows and rows != model.get_input_embeddings().weight.shape[0]:
            model.resize_token_embeddings(rows, mean_resizing=False)
        try:
            return PeftModel.from_pretrained(model, str(folder.path)).eval()
        except Exception as error:  # noqa: BLE001  # an adapter_config.json that was edited breaks PEFT at any of its lines
            raise UserError(
                "{path}: PEFT does not load the adapter on this base: {problem}",
                "settle adapter.complete and merge.base first",
                path=folder.path,
                problem=first_words(error),
            ) from None


def logits(model: Any, ids: Sequence[int]) -> Any:
    """Logits of one sequence as float32 numpy (T, V); a sequence-to-sequence model reads `ids` and is asked to say them.

    Raises UserError for a model without a head.
    """
    return _logits(model, [ids])[0]


def logits_of_each(model: Any, texts: Sequence[Sequence[int]]) -> Iterator[tuple[int, Any]]:
    """The number of each text and its logits (T, V), those of one length next to each other.

    These go through the model together, which takes half the processor time and needs no padding. Raises UserError for a
    model without a head.
    """
    by_length: dict[int, list[int]] = {}
    for at, ids in enumerate(texts):
        by_length.setdefault(len(ids), []).append(at)
    vocabulary = getattr(model.config.get_text_config(), "vocab_size", 1)
    for length, numbers in by_length.items():
        size = max(1, min(_BATCH_TEXTS, _BATCH_BYTES // (4 * length * vocabulary)))
        for start in range(0, len(numbers), size):
            batch = numbers[start : start + size]
            yield from zip(batch, _logits(model, [texts[at] for at in batch]), strict=True)


def _logits(model: Any, batch: Sequence[Sequence[int]]) -> Any:
    """Logits as float32 numpy (B, T, V) of B sequences of T tokens."""
    import torch

    ids_BT = torch.tensor([list(ids) for ids in batch])
    inputs: dict[str, Any] = {"input_ids": ids_BT}
    if model.config.is_encoder_decoder:
        start = model.config.decoder_start_token_id
        first = start if start is not None else model.config.pad_token_id or 0
        inputs["decoder_input_ids"] = torch.cat([torch.full_like(ids_BT[:, :1], first), ids_BT[:, :-1]], dim=1)
    with torch.inference_mode():
        out: Any = model(**inputs)
    found = next((out[name] for name in ("logits", "prediction_logits") if name in out), None)
    if found is None:
        raise UserError("{model} has no output head, so it gives no logits", model=type(model).__name__)
    return found.float().numpy()


def log_softmax(logits_PV: Any) -> Any:
    """Log-probabilities as float32 numpy, of P positions by V tokens."""
    import numpy as np

    shifted = logits_PV - logits_PV.max(axis=-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)


def sample_texts(conversations: "Sequence[Conversation]", count: int, seed: int) -> tuple[str, ...]:
    """Up to `count` conversations, drawn by `seed` and in the order of their rows, each as plain text."""
    drawn = sorted(random.Random(seed).sample(range(len(conversations)), min(count, len(conversations))))  # noqa: S311  # no secret
    texts = ("\n".join(str(message["content"] or "") for message in conversations[at].messages) for at in drawn)
    return tuple(text for text in texts if text.strip())


def free_memory_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not told on macOS and Windows
        return None


def auto_class_name(folder: ModelFolder) -> str:
    """The Auto class that loads a folder with its output head where Transformers has no class of the name it gives."""
    found = next((name for end, name in _AUTO_CLASSES if folder.architecture.endswith(end)), "AutoModelForCausalLM")
    return "AutoModelForSeq2SeqLM" if folder.kind == "seq2seq" else found


def check_memory(weights: int, path: Path) -> None:
    """Raise UserError when `weights` values in float32 need more memory than is free."""
    needed, free = int(weights * 4 * _SPARE), free_memory_bytes()
    if free is not None and needed > free:
        raise UserError(
            "{path}: the model needs {needed:.1f} GB of memory in float32, and {free:.1f} GB is free",
            "run it on a larger machine, or leave out the checks that run the model (--only)",
            path=path,
            needed=needed / 1e9,
            free=free / 1e9,
        )


def _check_weights(folder: ModelFolder) -> None:
    if not folder.config:
        raise UserError("{path} has no config.json, so no model can be loaded", path=folder.path)
    if wants_code(folder) and not folder.allow_remote_code:
        raise UserError(
            "{path}: the model wants to run code that lies in its folder",
            "read that code, then allow it with --allow-remote-code",
            path=folder.path,
        )
    if not folder.weight_files and folder.unloaded:
        raise UserError(
            "{path}: only model.safetensors or its shards are loaded, and there is {names}",
            "rename the file, or save the model with save_pretrained",
            path=folder.path,
            names=", ".join(folder.unloaded[:4]),
        )
    if not folder.weight_files:
        raise UserError(
            "{path} has no safetensors weights",
            "save the model with save_pretrained(…, safe_serialization=True): pickle files are never opened here",
            path=folder.path,
        )
    check_memory(sum(tensor.size for tensor in folder.tensors.values()), folder.path)
