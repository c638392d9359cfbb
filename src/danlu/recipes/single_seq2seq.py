"""Plans of `danlu head translate` and `danlu head summarise`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.recipes.settings import Settings


@dataclass(frozen=True)
class Pairs:
    """Where sources and targets come from: one file of JSON Lines, or two parallel files."""

    data: Path | None
    parallel: Sequence[Path]


def seq2seq_plan(given: Pairs, base_spec: str | None, settings: Settings, seed: int = 0) -> Plan:
    """Fit an encoder-decoder model, from a base or from nothing. A wrong line is told before anything runs."""
    from danlu.model.base_model import resolve_base
    from danlu.train.base_stage import base
    from danlu.train.seq2seq.pairs import TextPairsConfig, check_pairs, check_parallel, text_pairs
    from danlu.train.seq2seq.stage import Seq2seqConfig, seq2seq

    if bool(given.data) == bool(given.parallel):
        raise UserError(
            "Expected either --data FILE or --parallel SOURCES TARGETS",
            "For example: danlu head translate --data pairs.jsonl --out model",
        )
    config = settings.of("text_pairs", TextPairsConfig)
    if given.data:
        file = DataFile(given.data)
        check_pairs(file)
        pairs = text_pairs(config, file=file)
    else:
        sources, targets = (DataFile(path) for path in given.parallel)
        check_parallel(sources, targets)
        pairs = text_pairs(config, sources=sources, targets=targets)
    model = base(files=resolve_base(base_spec, Path.cwd())) if base_spec else None
    step = seq2seq(settings.of("seq2seq", Seq2seqConfig), pairs=pairs, base=model)
    settings.check_all_used()
    return Plan(step, seed)
