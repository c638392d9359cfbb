"""A pretraining before its first step."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from danlu.core.stages import Work
from danlu.loop.footprint import Training, known_shape, shape_of
from danlu.loop.masked_batch import MaskedBatch
from danlu.loop.predict import Schedule
from danlu.loop.probe import scan
from danlu.loop.seq2seq_batch import Seq2seqBatch
from danlu.loop.shards import Shards
from danlu.loop.token_batch import IGNORED, TokenBatch
from danlu.train import pretrain
from danlu.train.outlook import Example, Outlook, read_tokenizer
from danlu.train.preflight import Asked, Other, halves
from danlu.train.pretrain_config import PretrainConfig, optimization
from danlu.train.pretrain_setup import PretrainInputs, Setup, outlined

_LEAST_SEQUENCE = 128


def pretrain_outlook(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> Outlook:
    """What is known before a weight is made. Raises UserError for what the training itself would refuse at its start."""
    bare = replace(work, observers=())
    setup = outlined(inputs, config, bare)
    training = _training(config, setup, work)
    shape = known_shape(setup.model.config.to_dict())
    others = partial(_others, inputs, config, setup, training)
    return Outlook(
        rows=_rows(setup),
        of_what="rows",
        examples=[_example(inputs, setup)],
        asked=Asked(shape, training, others, work.processes.count // work.machines) if shape else None,
        workload=scan(setup.feed),
        schedule=_schedule(inputs, config, setup.feed.steps),
        subject=partial(pretrain.subject, inputs, config, bare),
        outline=partial(outlined, inputs, config, bare),
    )


def _training(config: PretrainConfig, setup: Setup, work: Work) -> Training:
    batches = setup.feed.batches(0)
    return Training(
        method="full",
        micro_batch_tokens=batches[0].padded_tokens,
        sequence_tokens=config.sequence_tokens,
        precision=optimization(config, is_gone_on=False).precision,
        optimizer=config.optimizer,
        accumulates=len(batches) > 1,
        device="cuda" if torch.cuda.is_available() else "cpu",
        copies=(config.average_decay > 0) + (config.patience is not None),
        shards=work.processes.parts,
    )


def _others(inputs: PretrainInputs, config: PretrainConfig, setup: Setup, training: Training) -> Iterator[Other]:
    """Fewer rows at once, then a shallower model (of random weights alone), then shorter rows."""
    per_row = training.micro_batch_tokens / min(config.micro_batch_sequences, config.step_sequences)
    for sequence in halves(config.sequence_tokens, min(_LEAST_SEQUENCE, config.sequence_tokens)):
        for layers in halves(config.layers, 1) if inputs.base is None else (config.layers,):
            shape = shape_of(_smaller(setup.model.config.to_dict(), layers, config.layers))
            for rows in halves(min(config.micro_batch_sequences, config.step_sequences), 1):
                tokens = round(rows * per_row * sequence / config.sequence_tokens)
                found = {"sequence_tokens": sequence, "layers": layers, "micro_batch_sequences": rows}
                changed = {f"pretrain.{name}": n for name, n in found.items() if n != getattr(config, name)}
                yield Other(changed, shape, replace(training, micro_batch_tokens=tokens, sequence_tokens=sequence))


def _smaller(facts: dict[str, Any], layers: int, of: int) -> dict[str, Any]:
    """The sizes at another place of the dial: depth, width and heads go together, a head stays as wide."""
    follow = ("num_hidden_layers", "n_layer", "num_layers", "num_decoder_layers", "hidden_size", "n_embd", "d_model",
              "num_attention_heads", "n_head", "num_heads", "num_key_value_heads", "intermediate_size", "n_inner", "d_ff")  # fmt: skip
    return facts | {name: facts[name] * layers // of for name in follow if facts.get(name) is not None}


def _rows(setup: Setup) -> list[tuple[str, int]]:
    """Of all corpora together: those that are read, and those that the limit of tokens leaves."""
    uses = setup.drawn.uses()
    left = sum(max(0, use.rows - use.sequences) for use in uses)
    kept = sum(use.rows for use in uses) - left
    return [("kept", kept), *([("not reached", left)] if left else [])]


def _schedule(inputs: PretrainInputs, config: PretrainConfig, steps: int) -> Schedule:
    measured = [
        int(Shards.open(folder).lengths().sum())
        for folder in (inputs.held_out, *[one.held_out for one in inputs.mixed])
    ]
    held_out = measured[0]
    every = -(-steps // pretrain.EVALUATIONS)
    running = -(-steps // every) * min(config.evaluation_tokens, held_out)
    checkpoints = -(-steps // max(1, steps // pretrain.CHECKPOINTS))
    final = sum(min(config.final_tokens, tokens) for tokens in measured)
    return Schedule(checkpoints, scored_tokens=running + final)


def _example(inputs: PretrainInputs, setup: Setup) -> Example:
    """The first row of the first step: what is learnt shows as it must be told, not as it is hidden."""
    batch = setup.feed.batches(0)[0]
    match batch:
        case TokenBatch():
            ids, learnt = batch.ids_BT[0].tolist(), [False, *(batch.targets_BT[0] != IGNORED).tolist()[:-1]]
        case MaskedBatch():
            hidden_T = batch.targets_BT[0] != IGNORED
            shown_T, real_T = torch.where(hidden_T, batch.targets_BT[0], batch.ids_BT[0]), batch.mask_BT[0] == 1
            ids, learnt = shown_T[real_T].tolist(), hidden_T[real_T].tolist()
        case Seq2seqBatch():
            source = batch.source_BS[0][batch.source_mask_BS[0] == 1].tolist()
            said = batch.targets_BT[0][batch.targets_BT[0] != IGNORED].tolist()
            ids, learnt = source + said, [False] * len(source) + [True] * len(said)
        case _:
            raise AssertionError(f"rows of an unknown kind: {type(batch).__name__}")
    end = 1 + max((at for at, learn in enumerate(learnt) if learn), default=len(ids) - 1)
    return Example(read_tokenizer(inputs.tokenizer), ids[:end], learnt[:end])
