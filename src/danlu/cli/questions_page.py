"""What `danlu evaluate` found with questions of the user's own, as tables."""

from typing import Any

from danlu.cli.speech import Speech


def retrieval_table(found: dict[str, Any], say: Speech) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: by language and leg how often a passage with the known answer is among ten, and how early."""
    header = [say("language"), say("leg"), "R@10", say("95 % interval"), "MRR@10", say("95 % interval"), say("of")]
    rows = []
    for language, figures in found["languages"].items():
        for leg, quality in figures["retrieval"].items():
            recall, mrr = quality["recall_at_10"], quality["mrr_at_10"]
            rows.append([
                language, say(leg), f"{recall['count'] / recall['of']:.3f}", _interval(recall), f"{mrr['mean']:.3f}", _interval(mrr),
                recall["of"],
            ])  # fmt: skip
    return header, rows


def share_table(found: dict[str, Any], say: Speech) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: by language how many were answered, quoted and refused; and how many citations are verbatim."""
    header = [say("language"), say("measure"), say("share"), say("95 % interval"), say("of")]
    rows = [
        [language, _name(name, say), *_cells(share)]
        for language, figures in found["languages"].items()
        for name, share in figures["shares"].items()
    ]
    cited = found["citations verbatim"]
    return header, rows + ([["", say("citations verbatim"), *_cells(cited)]] if cited["of"] else [])


def _name(name: str, say: Speech) -> str:
    kind = name.removeprefix("refused: ")
    return say(name) if kind == name else say("refused: {kind}", kind=kind)


def _cells(share: dict[str, Any]) -> list[Any]:
    return [f"{share['count'] / share['of']:.1%}", f"{share['low']:.1%}–{share['high']:.1%}", share["of"]]


def _interval(figures: dict[str, Any]) -> str:
    return f"{figures['low']:.3f}–{figures['high']:.3f}"
