"""The stage around pretraining."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from danlu.core.artifacts import Artifact, Checkpoint, TokenShards
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.token_feed import RULES
from danlu.train.mixing import Mixed
from danlu.train.pretrain import pretrain_model
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_setup import PretrainInputs
from danlu.train.tokenize.tokenizer import TokenizerFiles

if TYPE_CHECKING:
    from danlu.train.outlook import Outlook


def shards_input(corpus: str) -> str:
    """The name of the input with what is learnt of one of several corpora."""
    return f"shards of {corpus}"


def held_out_input(corpus: str) -> str:
    """The name of the input with what measures one of several corpora."""
    return f"held out of {corpus}"


def mixed_of(weights: Mapping[str, float], given: Mapping[str, TokenShards]) -> tuple[Mixed, ...]:
    """The corpora of a mixture by name: the order in which they were given decides nothing."""
    return tuple(
        Mixed(name, given[shards_input(name)].path, given[held_out_input(name)].path) for name in sorted(weights)
    )


def _pretrain(
    work: Work,
    config: PretrainConfig,
    *,
    held_out: TokenShards,
    tokenizer: TokenizerFiles | Artifact,
    shards: TokenShards | None = None,
    base: Checkpoint | None = None,
    **of_corpora: TokenShards,
) -> Facts:
    """Learn from `shards`, or from the corpora that `config.weights` names, each given by `shards_input` and `held_out_input`."""
    mixed = mixed_of(config.weights, of_corpora)
    learnt = [shards] if shards else [of_corpora[shards_input(one.name)] for one in mixed]
    inputs = PretrainInputs(learnt[0].path, held_out.path, tokenizer.path, base.path if base else None, mixed)
    facts = pretrain_model(inputs, config, work)
    counts = {
        "parameters": facts.parameters, "steps": facts.steps, "steps left out": facts.steps_left_out,
        "train tokens": facts.train_tokens, "rows": facts.rows, "rows learnt": facts.rows - facts.rows_not_reached,
        "rows not reached": facts.rows_not_reached, "documents cut": facts.documents_cut,
    }  # fmt: skip
    for use in facts.corpora:
        counts |= {f"rows of {use.name}": use.rows, f"rows read of {use.name}": use.rows_read}
        counts |= {f"tokens read of {use.name}": use.tokens_read}
    by_corpus = {f"in {use.name}": use.held_out for use in facts.corpora}
    scores = ", ".join(f"{name} {score:.3f}" for name, score in (facts.held_out | by_corpus).items())
    epochs = ", ".join(f"{use.name} {use.epochs:g}" for use in facts.corpora) or f"{facts.epochs:g}"
    licences = {
        *(licence for one in learnt for licence in one.manifest.licences),
        *(base.manifest.licences if base else ()),
    }
    if facts.used_up:
        note = f"held-out scores: {scores}; {epochs} epochs; the training ended when {facts.used_up} was used up"
    elif config.objective == "causal":
        note = f"held-out bits per byte: {scores}; {epochs} epochs"
    else:
        note = f"held-out nats per token to be told: {scores}; {epochs} epochs"
    return Facts(counts, tuple(sorted(licences)), note=note)


def outlook(
    work: Work,
    config: PretrainConfig,
    *,
    held_out: TokenShards,
    tokenizer: TokenizerFiles | Artifact,
    shards: TokenShards | None = None,
    base: Checkpoint | None = None,
    **of_corpora: TokenShards,
) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.pretrain_outlook import pretrain_outlook

    mixed = mixed_of(config.weights, of_corpora)
    folder = shards.path if shards else mixed[0].shards
    inputs = PretrainInputs(folder, held_out.path, tokenizer.path, base.path if base else None, mixed)
    return pretrain_outlook(inputs, config, work)


pretrain = Stage(
    "pretrain",
    version=3,
    makes=Checkpoint,
    body=_pretrain,
    config=PretrainConfig,
    numeric=True,
    resumable=True,
    trains=True,
    shares=True,
    libraries=("numpy", "safetensors", "tokenizers", "torch", "transformers"),
    rules=RULES,
)
