"""What a training takes, from the shape of its model alone: peak memory, and floating-point operations for each token.

Nothing is loaded and nothing runs: for plans, for `danlu doctor`, and for refusing what cannot work. What runs after all is measured
by the probe (danlu.loop.probe), which is closer. Activations are the tensors that autograd keeps in Transformers'
layers with SDPA attention, counted with torch's saved-tensor hooks; the price of that count is that another attention
kernel would need another. Operations as nanochat counts them: 6 for each weight and 12 L H Q T for attention.

Symbols: D hidden size, A query heads times head size, K key-value heads times head size, I inner size, L layers, V tokens
of the vocabulary, T positions, R rank of an adapter.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from danlu.core.errors import UserError
from danlu.model.families import kind, text_config

PROCESS_BYTES = 450 * 2**20
"""A process in which torch, transformers and peft are loaded, without any model; measured with torch 2.13 for CPUs."""
_SPREAD = {"cpu": 1.8, "cuda": 1.1}
"""What the allocator takes for a byte of activations. glibc's heap is torn by short-lived blocks between those that are
kept: measured 1.65 to 2.2 on a CPU. With every block mapped by itself it is 1.0, at twice the processor time."""
_CHUNK_LOGITS = 2**25
"""Logits that exist at a time, in the type of the products; danlu.loop.chunked."""
_WHOLE_LOGITS = {"cpu": 2**20, "cuda": 2**24}
"""Of those, how many are in float32 at a time, twice."""
_UNGATED = frozenset(
    {"albert", "bart", "bert", "bloom", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "falcon", "gpt2",
     "gpt_neox", "gptj", "marian", "mbart", "mpnet", "mpt", "opt", "phi", "roberta", "xlm-roberta"}
)  # fmt: skip
"""Families whose inner layer is two matrices; all others have a gate, which is a third."""
FOUR_BITS = 0.5 + 4 / 64 + 0.01
"""Bytes of a weight in 4 bits with a float32 scale for each 64 (bitsandbytes nf4), and the norms beside."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a language model, or of an encoder."""

    layers: int
    hidden: int
    inner: int
    heads: int
    key_value_heads: int
    head: int
    vocabulary: int
    is_tied: bool
    """The output head is the embedding."""
    is_gated: bool
    is_encoder: bool = False
    """BERT's layer: norms behind what they belong to, and GELU in its exact form."""

    @property
    def attention(self) -> int:
        """A: query heads times head size."""
        return self.heads * self.head

    @property
    def key_values(self) -> int:
        """K: key-value heads times head size."""
        return self.key_value_heads * self.head

    @property
    def matrices(self) -> int:
        """Weights of the linear layers between embedding and head."""
        inner = (3 if self.is_gated else 2) * self.hidden * self.inner
        return self.layers * (2 * self.hidden * (self.attention + self.key_values) + inner)

    @property
    def parameters(self) -> int:
        """All weights; the norms' are left out, less than one in a thousand."""
        return self.matrices + self.vocabulary * self.hidden * (1 if self.is_tied else 2)

    def adapter(self, rank: int) -> int:
        """Weights of LoRA on every linear layer but the head."""
        D, A, K = self.hidden, self.attention, self.key_values
        inner = (3 if self.is_gated else 2) * (D + self.inner)
        return self.layers * rank * (2 * (D + A) + 2 * (D + K) + inner)


def read_shape(checkpoint_dir: Path) -> Shape:
    """The shape that a checkpoint's config.json states; raises UserError when it states none."""
    path = checkpoint_dir / "config.json"
    if not path.is_file():
        raise UserError("{folder} has no config.json", "a Hugging Face folder is expected", folder=checkpoint_dir)
    return shape_of(json.loads(path.read_text(encoding="utf-8")), path)


def shape_of(config: Mapping[str, Any], where: object = "config.json") -> Shape:
    """The shape that a configuration of Transformers states; raises UserError that names what is missing."""
    config = text_config(config)

    def stated(*names: str) -> int | None:
        return next((int(config[name]) for name in names if config.get(name) is not None), None)

    layers = stated("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
    hidden = stated("hidden_size", "n_embd", "d_model", "dim")
    heads = stated("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
    vocabulary = stated("vocab_size")
    if layers is None or hidden is None or heads is None or vocabulary is None:
        raise UserError(
            "{path} does not state the sizes of a language model",
            "Its layers, hidden size, attention heads and vocabulary are needed.",
            path=where,
        )
    is_shared = config.get("multi_query") and not config.get("new_decoder_architecture")
    return Shape(
        layers=layers
        + (stated("num_decoder_layers", "decoder_layers") or 0),  # what a decoder reads across is left out
        hidden=hidden,
        inner=stated("intermediate_size", "n_inner", "ffn_hidden_size", "d_ff", "hidden_dim", "encoder_ffn_dim")
        or 4 * hidden,
        heads=heads,
        key_value_heads=1 if is_shared else stated("num_key_value_heads", "num_kv_heads") or heads,
        head=stated("head_dim", "d_kv") or hidden // heads,
        vocabulary=vocabulary,
        is_tied=bool(config.get("tie_word_embeddings", config.get("model_type") in _UNGATED)),
        is_gated=config.get("model_type") not in _UNGATED,
        is_encoder=kind(config) == "masked",
    )


@dataclass(frozen=True)
class Training:
    """How a model is to be trained, as far as memory and operations go."""

    method: Literal["full", "lora", "qlora"]
    micro_batch_tokens: int
    """Padded tokens that go through the model at once."""
    sequence_tokens: int
    """Longest row."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    optimizer: Literal["adamw", "muon"] = "adamw"
    rank: int = 16
    has_dropout: bool = True
    """Of an adapter: each layer's input is kept once more."""
    recomputes: bool = False
    """Activations are computed twice, and only each layer's input is kept."""
    accumulates: bool = False
    """A step has several micro-batches."""
    device: Literal["cpu", "cuda"] = "cpu"
    copies: int = 0
    """Of the trained weights beside themselves: a moving average, the best so far."""
    shards: int = 1
    """Processes that share weights, gradients and moments."""
    says_tokens: bool = True
    """The model gives odds of every token of the vocabulary; else a few numbers, as a head does."""
    logits_bytes: int | None = None
    """Of the odds that are there at a time, where they do not go through danlu.loop.chunked."""
    drops_attention: bool = False
    """The model's own dropout, as of encoders: attention is kept as a matrix, since the kernels that keep none cannot drop."""
    beside_bytes: int = 0
    """Of models that do not learn, a reference or a reward model, and of other libraries than the loop's."""
    sampled_tokens: int = 0
    """Tokens of replies, and of their prompts, that are sampled together between steps: keys and values of each are held."""

    def weights(self, shape: Shape) -> int:
        """Of the model that learns."""
        return shape.parameters if self.says_tokens else shape.matrices + shape.vocabulary * shape.hidden

    def trained(self, shape: Shape) -> int:
        """Weights that are learnt."""
        return self.weights(shape) if self.method == "full" else shape.adapter(self.rank)


@dataclass(frozen=True)
class Footprint:
    """Bytes at the peak of a training, by what holds them."""

    process: int
    """Of the libraries, and of what is gathered where weights are shared by processes."""
    weights: int
    optimizer: int
    gradients: int
    activations: int
    logits: int
    accumulates: bool
    """Gradients of earlier micro-batches are there while the next one's activations are."""

    @property
    def total(self) -> int:
        """The peak: activations are forgotten while gradients come to be, so without accumulation the larger counts."""
        moving = self.activations + self.logits
        moving = moving + self.gradients if self.accumulates else max(moving, self.gradients)
        return self.process + self.weights + self.optimizer + moving


def footprint(shape: Shape, training: Training, process_bytes: int = PROCESS_BYTES) -> Footprint:
    """The peak of a training in this memory: weights, their gradients and moments, and the largest micro-batch."""
    trained = training.trained(shape)
    matrices = min(trained, shape.matrices) if training.optimizer == "muon" else 0
    base = training.weights(shape) * (FOUR_BITS if training.method == "qlora" else 4) + training.beside_bytes
    width = 4 if training.precision == "float32" else 2
    shards = training.shards
    gathered = 4 * (shape.vocabulary * shape.hidden + shape.matrices // shape.layers) if shards > 1 else 0
    return Footprint(
        process=process_bytes + gathered,
        weights=round(base + (0 if training.method == "full" else 4 * trained) + 4 * trained * training.copies)
        // shards,
        optimizer=(8 * (trained - matrices) + 4 * matrices) // shards,  # Muon keeps one moment, AdamW two
        gradients=4 * trained // shards,
        activations=max(
            round(
                _SPREAD[training.device]
                * (_activations(shape, training, width) + _cast_weights(shape, training, width))
            ),
            4 * 2 * shape.key_values * shape.layers * training.sampled_tokens,  # another time: the larger counts
        ),
        logits=_logits(shape, training, width) if training.says_tokens else 0,
        accumulates=training.accumulates,
    )


def _logits(shape: Shape, training: Training, width: int) -> int:
    """Those that are there at a time, and what the output head's weights take beside themselves."""
    all_of_them, head = training.micro_batch_tokens * shape.vocabulary, shape.vocabulary * shape.hidden
    chunk = width * min(all_of_them, max(_CHUNK_LOGITS, shape.vocabulary))
    chunk += 8 * min(all_of_them, _WHOLE_LOGITS[training.device])
    return (
        (chunk if training.logits_bytes is None else training.logits_bytes)
        + (4 * head if training.method == "full" else 0)
        + (width * head if width < 4 else 0)
    )


def largest(shape: Shape, training: Training) -> Footprint:
    """The peak where a row that is longer than the micro-batch goes through alone, its layers computed twice."""
    alone = replace(training, micro_batch_tokens=training.sequence_tokens, recomputes=True)
    usual = footprint(shape, training)
    if training.sequence_tokens <= training.micro_batch_tokens:
        return usual
    return max(usual, footprint(shape, alone), key=lambda one: one.total)


def bytes_per_token(shape: Shape, training: Training) -> float:
    """What one padded token adds to the peak, logits left out."""
    width = 4 if training.precision == "float32" else 2
    return _SPREAD[training.device] * _activations(shape, training, width) / training.micro_batch_tokens


def _activations(shape: Shape, training: Training, width: int) -> int:
    """All layers' for the way back; with recomputation each layer's input, and one layer whole."""
    whole = _layer_bytes(shape, training, width)
    held = 4 * shape.hidden * shape.layers + whole if training.recomputes else whole * shape.layers
    return training.micro_batch_tokens * (held + 3 * 4 * shape.hidden)  # the last norm and the states before the head


def _layer_bytes(shape: Shape, training: Training, width: int) -> int:
    """Bytes that autograd keeps of one token in one layer; `width` of a product's inputs, norms are float32."""
    D, A, K, inner = shape.hidden, shape.attention, shape.key_values, shape.inner
    attention = width * (A + 2 * K) + 4 * shape.heads  # queries, keys, values and the softmax's normalisers
    gate = width * inner * (4 if shape.is_gated else 6)  # GELU in its tanh form keeps five of its steps
    own = _dropped_bytes(shape, training, width) if training.drops_attention else 0
    if training.method == "full":
        casts = width < 4  # autocast casts an input once for each layer that reads it
        if shape.is_encoder and not shape.is_gated:
            return 2 * 4 * D + width * (4 if casts else 2) * D + width * A + attention + 2 * width * inner + own
        return 4 * 4 * D + width * (5 if casts else 2) * D + width * A + attention + gate + own
    linears = 7 if shape.is_gated else 6
    dropped = (6 * (width + 1) * D + inner) if training.has_dropout else (5 if width < 4 else 2) * width * D
    return 2 * 4 * D + dropped + width * linears * training.rank + width * A + attention + gate


def _dropped_bytes(shape: Shape, training: Training, width: int) -> int:
    """Bytes of one token in one layer for the model's own dropout, of attention and of two outputs.

    The odds of attention, what is dropped of them and what is left are float32, and so are queries, keys and values then.
    """
    raised = (4 - width) * (shape.attention + 2 * shape.key_values)
    return 12 * shape.heads * training.sequence_tokens + raised + 2 * width * shape.hidden


def _cast_weights(shape: Shape, training: Training, width: int) -> int:
    """Weights in the precision of the products, kept for the way back; of one layer when that is computed again."""
    one_layer = shape.matrices // shape.layers
    if training.method == "qlora":  # 4-bit products unpack a layer's weights again on the way back
        return width * one_layer
    if width == 4:
        return 0
    return width * (one_layer if training.recomputes else shape.matrices)


def operations_per_token(shape: Shape, training: Training) -> int:
    """Floating-point operations of one token: forward 2 a weight, backward 4; weights that are not learnt need 2 of these.

    The embedding is a look-up and not counted, the head is.
    """
    used = shape.matrices + (shape.vocabulary * shape.hidden if training.says_tokens else 0)
    attention = 12 * shape.layers * shape.heads * shape.head * training.sequence_tokens
    again = 2 * shape.matrices if training.recomputes else 0
    if training.method == "full":
        return 6 * used + attention + again
    return 4 * used + 6 * shape.adapter(training.rank) + attention + again


def known_shape(config: Mapping[str, Any]) -> Shape | None:
    """The shape, or None where a configuration names its sizes in a way that is not known here."""
    try:
        return shape_of(config)
    except UserError:
        return None
