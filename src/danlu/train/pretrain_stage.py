"""The stage around pretraining."""

from danlu.core.artifacts import Artifact, Checkpoint, TokenShards
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.token_feed import RULES
from danlu.train.pretrain import PretrainConfig, PretrainInputs, pretrain_model
from danlu.train.tokenize.tokenizer import TokenizerFiles


def _pretrain(
    work: Work,
    config: PretrainConfig,
    *,
    shards: TokenShards,
    held_out: TokenShards,
    tokenizer: TokenizerFiles | Artifact,
    base: Checkpoint | None = None,
) -> Facts:
    inputs = PretrainInputs(shards.path, held_out.path, tokenizer.path, base.path if base else None)
    facts = pretrain_model(inputs, config, work)
    counts = {
        "parameters": facts.parameters, "steps": facts.steps, "steps left out": facts.steps_left_out,
        "train tokens": facts.train_tokens,
    }  # fmt: skip
    scores = ", ".join(f"{language} {score:.3f}" for language, score in facts.held_out.items())
    licences = {*shards.manifest.licences, *(base.manifest.licences if base else ())}
    if config.objective == "causal":
        note = f"held-out bits per byte: {scores}; {facts.epochs:g} epochs"
    else:
        note = f"held-out nats per token to be told: {scores}; {facts.epochs:g} epochs"
    return Facts(counts, tuple(sorted(licences)), note=note)


pretrain = Stage(
    "pretrain",
    version=1,
    makes=Checkpoint,
    body=_pretrain,
    config=PretrainConfig,
    numeric=True,
    resumable=True,
    libraries=("numpy", "safetensors", "tokenizers", "torch", "transformers"),
    rules=RULES,
)
