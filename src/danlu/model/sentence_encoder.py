"""Encoders in the folder layout of sentence-transformers (Reimers & Gurevych 2019, 1908.10084), read without that library.

`modules.json` names the parts: a transformer, a pooling, and often a normalisation. Any other part, such as a dense layer, is
refused: left out, the vectors would be others than its author's. Sums run on one thread, since an index's vectors must not
depend on how many cores there are.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.model.checkpoint_files import FOLDER_FILES, load_tokenizer, make_readable
from danlu.model.loading import errors_only, quiet_transformers

Vectors = NDArray[np.float32]

MODULES = "modules.json"
_SAID = (MODULES, "sentence_bert_config.json", "config_sentence_transformers.json")
_POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "last"}
_KNOWN = ("Transformer", "Pooling", "Normalize")
_PASSAGE_PROMPTS = ("document", "passage")
_BATCH_TEXTS = 32
_USUAL_TOKENS = 512
"""Where neither the folder nor the tokenizer says how much is read."""


@dataclass(frozen=True)
class SentenceFiles:
    """The files of such a folder, sorted: an input of a stage by their content."""

    spec: str
    folder: Path
    files: tuple[Path, ...]
    licence: str

    def content_hash(self) -> str:
        """Names and bytes."""
        return hash_facts([(path.relative_to(self.folder).as_posix(), hash_file(path)) for path in self.files])

    def copy_to(self, folder: Path) -> None:
        """Copy them below a folder."""
        for path in self.files:
            place = folder / path.relative_to(self.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        make_readable(folder)


def sentence_files(spec: str, folder: Path, licence: str = "unknown") -> SentenceFiles:
    """The files of a folder; raises UserError when it is none of sentence-transformers, or has a part that danlu does not know."""
    if not (folder / MODULES).is_file():
        raise UserError(
            "encoder {spec}: {folder} has no {file}",
            "Name a folder as sentence-transformers saves it, with modules.json, config.json, a tokenizer and *.safetensors.",
            spec=spec, folder=folder, file=MODULES,
        )  # fmt: skip
    _pooling_of(folder)
    top = {folder / name for name in (*FOLDER_FILES, *_SAID) if (folder / name).is_file()} | set(
        folder.glob("*.safetensors")
    )
    files = tuple(sorted(top | set(folder.glob("*_Pooling/config.json"))))
    if not any(path.suffix == ".safetensors" for path in files):
        raise UserError(
            "encoder {spec}: {folder} has no {file}",
            "Name a folder as sentence-transformers saves it, with modules.json, config.json, a tokenizer and *.safetensors.",
            spec=spec, folder=folder, file="*.safetensors",
        )  # fmt: skip
    return SentenceFiles(spec, folder, files, licence)


def _read(folder: Path, name: str) -> Any:
    path = folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _pooling_of(folder: Path) -> str:
    """mean, cls or last. Raises UserError for any other pooling or part."""
    parts = [(str(module["type"]).rsplit(".", 1)[-1], module["path"]) for module in _read(folder, MODULES)]
    unknown = [kind for kind, _ in parts if kind not in _KNOWN]
    pooled = [_read(folder, f"{path}/config.json") for kind, path in parts if kind == "Pooling"]
    modes = [
        name for config in pooled for name, on in config.items() if name.startswith("pooling_mode_") and on is True
    ]
    said = [_POOLINGS.get(mode, "") for mode in modes]
    said += [
        _POOLINGS.get(f"pooling_mode_{config['pooling_mode']}", config["pooling_mode"])
        for config in pooled
        if "pooling_mode" in config
    ]
    if unknown or len(said) != 1 or said[0] not in _POOLINGS.values():
        raise UserError(
            "encoder {folder}: danlu cannot read its part {part}",
            "Name one whose modules are a transformer, a pooling by mean, first or last token, and a normalisation.",
            folder=folder, part=", ".join(unknown) or ", ".join(modes) or "Pooling",
        )  # fmt: skip
    return said[0]


class SentenceEncoder:
    """A transformer with its pooling, as its folder says."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModel

        self._pooling = _pooling_of(folder)
        self._tokenizer = load_tokenizer(folder)
        loader: Any = AutoModel
        with quiet_transformers(), errors_only():
            self._model = loader.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        asked = _read(folder, "sentence_bert_config.json").get("max_seq_length")
        self._tokens = int(asked or min(self._tokenizer.model_max_length, _USUAL_TOKENS))
        prompts = _read(folder, "config_sentence_transformers.json").get("prompts") or {}
        self._query_prompt = prompts.get("query", "")
        self._passage_prompt = next((prompts[name] for name in _PASSAGE_PROMPTS if prompts.get(name)), "")

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self._model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), D), with the prompt for documents where the folder has one."""
        return self._encode([self._passage_prompt + text for text in texts])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), D), with the prompt for queries where the folder has one."""
        return self._encode([self._query_prompt + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        import torch

        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: (-len(texts[at]), at))
        with torch.inference_mode(), _one_torch_thread():
            for start in range(0, len(order), _BATCH_TEXTS):
                numbers = order[start : start + _BATCH_TEXTS]
                batch = self._tokenizer(
                    [texts[at] for at in numbers], padding=True, truncation=True, max_length=self._tokens,
                    padding_side="right", return_tensors="pt",
                )  # fmt: skip
                states_BTD = self._model(**batch).last_hidden_state
                pooled_BD = _pooled(states_BTD, batch["attention_mask"], self._pooling)
                vectors[numbers] = torch.nn.functional.normalize(pooled_BD, dim=-1).numpy()
        return vectors


def _pooled(states_BTD: Any, mask_BT: Any, pooling: str) -> Any:
    import torch

    if pooling == "cls":
        return states_BTD[:, 0]
    if pooling == "last":
        return states_BTD[torch.arange(len(states_BTD)), mask_BT.sum(1) - 1]
    mask_BT1 = mask_BT.unsqueeze(-1).to(states_BTD.dtype)
    return (states_BTD * mask_BT1).sum(1) / mask_BT1.sum(1)


@contextmanager
def _one_torch_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
