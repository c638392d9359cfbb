"""What differs between two checkpoints: architecture, tokenizer, weights, adapters.

A relative difference is the length of the difference of all numbers through the length of the first model's (Frobenius norms).
Tensors are read one at a time. An update of LoRA is compared as the product that it adds to a weight: its two matrices alone
can differ where the product is the same.
"""

import json
import math
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NO_ARCHITECTURE = ("transformers_version", "_name_or_path", "torch_dtype")
"""Settings of config.json that say who wrote it."""
_LAYER = re.compile(r"^(.*?\.\d+)\.")
_SHOWN_TOKENS = 10


def flat(facts: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Facts inside facts by their whole name, such as privacy.epsilon."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) and value else {f"{before}{name}": value}
    return found


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What two sets of facts say differently, by name; None where one does not say it."""
    pairs = {name: [first.get(name), second.get(name)] for name in sorted({*first, *second})}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def compare_architectures(first: Path, second: Path) -> dict[str, list[Any]]:
    """Settings of the two models that differ."""
    sides = [flat(_read(folder / "config.json")) for folder in (first, second)]
    one, other = ({name: value for name, value in side.items() if name not in _NO_ARCHITECTURE} for side in sides)
    return differing(one, other)


def compare_tokenizers(first: Path, second: Path) -> dict[str, Any]:
    """Tokens that only one has, tokens with another id, and whether both write a conversation alike."""
    from tokenizers import Tokenizer

    one, other = (
        Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
        if (folder / "tokenizer.json").is_file() else {}
        for folder in (first, second)
    )  # fmt: skip
    only = [sorted(left.keys() - right.keys()) for left, right in ((one, other), (other, one))]
    texts = [[_text(folder / name) for folder in (first, second)] for name in ("tokenizer.json", "chat_template.jinja")]
    return {
        "same": texts[0][0] == texts[0][1],
        "same chat template": texts[1][0] == texts[1][1],
        "tokens": [len(one), len(other)],
        "only in the first": len(only[0]),
        "only in the second": len(only[1]),
        "with another id": sum(one[token] != other[token] for token in one.keys() & other.keys()),
        "examples": [tokens[:_SHOWN_TOKENS] for tokens in only],
    }


@dataclass
class _Sum:
    """Squares of numbers and of differences, of one part of a model."""

    numbers: int = 0
    squares: float = 0.0
    difference: float = 0.0

    def add(self, numbers: int, squares: float, difference: float) -> None:
        self.numbers, self.squares = self.numbers + numbers, self.squares + squares
        self.difference += difference

    def facts(self) -> dict[str, Any]:
        """The relative difference; None where the first side is zero and the other is not."""
        relative = math.sqrt(self.difference / self.squares) if self.squares else (0.0 if not self.difference else None)
        return {"numbers": self.numbers, "relative difference": relative}


def compare_weights(first: Path, second: Path) -> dict[str, Any]:
    """By part (a layer, the embedding, ...) and in all; tensors that one side lacks, or that have another shape, by name."""
    whole, parts = _Sum(), dict[str, _Sum]()
    shapes: dict[str, list[list[int]]] = {}
    equal = 0
    with ExitStack() as files:
        one, other = _tensors(first, files), _tensors(second, files)
        for name in sorted(one.keys() & other.keys()):
            left, right = one[name].get_tensor(name), other[name].get_tensor(name)
            if left.shape != right.shape:
                shapes[name] = [list(left.shape), list(right.shape)]
                continue
            sizes = left.numel(), _squares(left), _squares(left.float() - right.float())
            equal += not sizes[2]
            whole.add(*sizes)
            parts.setdefault(part_of(name), _Sum()).add(*sizes)
        only = [sorted(left.keys() - right.keys()) for left, right in ((one, other), (other, one))]
    return {
        "tensors": [len(one), len(other)], "equal tensors": equal, **whole.facts(),
        "parts": {name: part.facts() for name, part in sorted(parts.items(), key=lambda item: _order(item[0]))},
        "other shape": shapes, "only in the first": only[0], "only in the second": only[1],
    }  # fmt: skip


def part_of(name: str) -> str:
    """The layer that a tensor belongs to, or what stands outside of the layers."""
    found = _LAYER.match(name)
    return found[1] if found else name.removesuffix(".weight").removesuffix(".bias")


def compare_adapters(first: Path, second: Path) -> dict[str, Any]:
    """Settings that differ, and how far the adapters lie apart, through the length of the first; empty without any.

    Updates of LoRA are compared as products, with the lengths of both; adapters of other kinds by their own numbers.
    """
    there = [first.is_dir(), second.is_dir()]
    if not any(there):
        return {}
    settings = [flat(_read(folder / "adapter_config.json")) for folder in (first, second)]
    facts: dict[str, Any] = {"there": there, "settings": differing(*settings)}
    if not all(there):
        return facts
    one, other = (_lora(folder) for folder in (first, second))
    if not one or one.keys() != other.keys():
        return facts | {"relative difference": compare_weights(first, second)["relative difference"]}
    squares = [sum(_product(pair, pair) for pair in side.values()) for side in (one, other)]
    apart = max(0.0, sum(squares) - 2 * sum(_product(one[name], other[name]) for name in one))
    return facts | {
        "length of the update": [math.sqrt(length) for length in squares],
        "relative difference": math.sqrt(apart / squares[0]) if squares[0] else None,
    }


def _lora(folder: Path) -> dict[str, tuple[Any, Any]]:
    """The two matrices of each update, the scale in the second; empty for adapters of another kind."""
    config = _read(folder / "adapter_config.json")
    if config.get("peft_type") != "LORA":
        return {}
    with ExitStack() as files:
        found = _tensors(folder, files)
        scale = config["lora_alpha"] / (math.sqrt(config["r"]) if config.get("use_rslora") else config["r"])
        names = {name.replace("lora_A", "lora_*"): name for name in found if "lora_A" in name}
        return {
            name: (
                found[down].get_tensor(down).double(),
                scale * found[down.replace("lora_A", "lora_B")].get_tensor(down.replace("lora_A", "lora_B")).double(),
            )
            for name, down in names.items()
        }


def _product(one: tuple[Any, Any], other: tuple[Any, Any]) -> float:
    """The sum of the products of the numbers of two updates B·A, without making either."""
    if one[0].shape[1] != other[0].shape[1] or one[1].shape[0] != other[1].shape[0]:
        return 0.0
    return float(((other[1].T @ one[1]) * (other[0] @ one[0].T)).sum())


def _tensors(folder: Path, files: ExitStack) -> dict[str, Any]:
    """For each tensor the open file that holds it."""
    from safetensors import safe_open

    opener: Any = safe_open
    opened = [files.enter_context(opener(path, framework="pt")) for path in sorted(folder.glob("*.safetensors"))]
    return {name: file for file in opened for name in file.keys()}  # noqa: SIM118 - no mapping


def _squares(tensor: Any) -> float:
    import torch

    return float(torch.linalg.vector_norm(tensor.float(), dtype=torch.float64)) ** 2


def _order(part: str) -> tuple[tuple[int, ...], str]:
    """Layers by their number, behind what has none."""
    return tuple(int(piece) for piece in part.split(".") if piece.isdigit()), part


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
