"""diff of two checkpoints: what they are, what they learnt from, how, and how far their weights lie apart."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.artifacts import BEFORE, MANIFEST, Checkpoint, Manifest
from danlu.model.adapter_record import ADAPTER, BASE
from danlu.model.compare import (
    compare_adapters,
    compare_architectures,
    compare_tokenizers,
    compare_weights,
    differing,
    flat,
)

Finds = Callable[[str], Manifest | None]
"""The manifest of an artifact by its id, where it is still known."""
_SHOWN_PARTS = 12


def checkpoint_facts(first: Checkpoint, second: Checkpoint, finds: Finds) -> dict[str, Any]:
    """What differs between two checkpoints, beside their manifests."""
    facts: dict[str, Any] = {
        "inputs": _inputs(first, second, finds),
        "settings": differing(flat(first.manifest.config), flat(second.manifest.config)),
        "training": differing(_training(first.path), _training(second.path)),
    }
    without = [one.skipped for one in (first, second)]
    if any(without):
        return facts | {"no weights": without}
    folders = first.path, second.path
    return facts | {
        "architecture": compare_architectures(*folders),
        "tokenizer": compare_tokenizers(*folders),
        "weights": compare_weights(*map(_weights_folder, folders)),
        "adapter": compare_adapters(first.path / ADAPTER, second.path / ADAPTER),
    }


def _weights_folder(folder: Path) -> Path:
    """Where the weights lie: a model whose adapter cannot be merged keeps its base beside it."""
    return folder / BASE if (folder / BASE).is_dir() else folder


def _inputs(first: Checkpoint, second: Checkpoint, finds: Finds) -> dict[str, Any]:
    """What each was made from: its id, and what it held where that is still known."""
    names = sorted({*first.manifest.parents, *second.manifest.parents})
    rows = {}
    for name in names:
        ids = [one.manifest.parents.get(name) for one in (first, second)]
        found = [
            _before(one.path, id) or finds(id) if id else None for one, id in zip((first, second), ids, strict=True)
        ]
        hashes = [manifest.content_hash if manifest else id for manifest, id in zip(found, ids, strict=True)]
        rows[name] = {
            "ids": ids,
            "same": ids[0] == ids[1] or hashes[0] == hashes[1],
            "counts": [dict(manifest.counts) if manifest else None for manifest in found],
        }
    return rows


def _before(folder: Path, id: str) -> Manifest | None:
    """Of what a stand-alone command made on its way."""
    found = (Manifest.read(path.parent) for path in sorted(folder.glob(f"{BEFORE}/*/{MANIFEST}")))
    return next((manifest for manifest in found if manifest.id == id), None)


def _training(folder: Path) -> dict[str, Any]:
    """The figures of training.json; what it holds step by step is left out."""
    path = folder / "training.json"
    facts = flat(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    return {
        name: value for name, value in facts.items() if not isinstance(value, list | dict) and "_by_step" not in name
    }


def print_checkpoints(facts: Mapping[str, Any], say: Speech) -> None:
    """The facts for people: sentences first, tables of what differs behind them."""
    for sentence in _sentences(facts, say):
        print(sentence)
    sides = [facts["first"], facts["second"]]
    rows = [
        [name, *_described(row, say), say("same") if row["same"] else say("differs")]
        for name, row in facts["inputs"].items()
    ]
    _table([say("made from"), *sides, ""], rows)
    adapter = facts.get("adapter", {})
    for title, pairs in (
        (say("setting"), facts["settings"]),
        (say("training"), facts["training"]),
        (say("architecture"), facts.get("architecture", {})),
        (say("adapter"), adapter.get("settings", {})),
    ):
        _table([title, *sides], [[name, *map(_short, pair)] for name, pair in pairs.items()])
    if "weights" in facts:
        _print_weights(facts["weights"], say)


def _described(row: Mapping[str, Any], say: Speech) -> list[str]:
    return [
        ""
        if id is None
        else f"{id} ({', '.join(f'{say(name)} {count}' for name, count in counts.items())})"
        if counts
        else id
        for id, counts in zip(row["ids"], row["counts"], strict=True)
    ]


def _sentences(facts: Mapping[str, Any], say: Speech) -> list[str]:
    data = [name for name, row in facts["inputs"].items() if not row["same"]]
    said = [say("made from other inputs: {names}", names=", ".join(data)) if data else say("made from the same inputs")]
    if "weights" not in facts:
        return [*said, *(say(reason) for reason in facts["no weights"] if reason)]
    changed, tokenizer = facts["architecture"], facts["tokenizer"]
    said.append(say("other architecture: {names}", names=", ".join(changed)) if changed else say("same architecture"))
    if tokenizer["same"] and tokenizer["same chat template"]:
        said.append(say("same tokenizer and chat template"))
    else:
        one, other = tokenizer["only in the first"], tokenizer["only in the second"]
        said.append(
            say(
                "other tokenizer or chat template: {one} tokens only in the first, {other} only in the second, {moved} with another id",
                one=one, other=other, moved=tokenizer["with another id"],
            )
        )  # fmt: skip
    return [*said, _of_weights(facts["weights"], say), *_of_adapters(facts["adapter"], say)]


def _of_weights(weights: Mapping[str, Any], say: Speech) -> str:
    known = {name: part["relative difference"] for name, part in weights["parts"].items()}
    if not known:
        return say("no weights can be compared: names or shapes differ")
    others = len(weights["other shape"]) + len(weights["only in the first"]) + len(weights["only in the second"])
    if not any(known.values()) and not others:
        return say("all weights are equal")
    most = max(known, key=lambda name: known[name] if known[name] is not None else float("inf"))
    said = say(
        "the weights differ by {share} of their length, most in {part} ({most})",
        share=_percent(weights["relative difference"]), part=most, most=_percent(known[most]),
    )  # fmt: skip
    alone = say("{count} tensors cannot be compared: one model lacks them, or they have another shape", count=others)
    return f"{said}\n{alone}" if others else said


def _of_adapters(adapter: Mapping[str, Any], say: Speech) -> list[str]:
    if not adapter:
        return []
    if not all(adapter["there"]):
        return [say("only one of them has an adapter")]
    share = _percent(adapter["relative difference"])
    if "length of the update" not in adapter:
        return [say("adapters: their numbers differ by {share} of their length", share=share)]
    one, other = (f"{length:.4g}" for length in adapter["length of the update"])
    return [
        say("adapters: updates of length {one} and {other}, which lie {share} apart", one=one, other=other, share=share)
    ]


def _print_weights(weights: Mapping[str, Any], say: Speech) -> None:
    """The parts that differ most, in the order of the model."""
    known = {name: part for name, part in weights["parts"].items() if part["relative difference"] != 0}
    most = sorted(known, key=lambda name: -(known[name]["relative difference"] or float("inf")))[:_SHOWN_PARTS]
    rows = [
        [name, known[name]["numbers"], _percent(known[name]["relative difference"])] for name in known if name in most
    ]
    _table([say("weights of"), say("numbers"), say("relative difference")], rows)
    shapes = [[name, *map(str, pair)] for name, pair in weights["other shape"].items()]
    _table([say("other shape"), "", ""], shapes[:_SHOWN_PARTS])


def _table(header: list[str], rows: list[list[Any]]) -> None:
    if rows:
        print()
        print_table(header, rows)


def _percent(share: float | None) -> str:
    return "∞" if share is None else f"{share:.3%}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"
