"""What a config.json says, whatever its family calls it.

Field names are those of the configuration classes of Transformers; a text model inside another one (Gemma 3) has its
own `text_config`.
"""

from collections.abc import Mapping
from typing import Any, Literal

from danlu.core.errors import Phrase

Kind = Literal["causal", "seq2seq", "masked"]
"""Continues a text (GPT, LLaMA), turns one text into another (T5, MarianMT), or fills gaps (BERT)."""
KIND_WORDS: Mapping[Kind, Phrase] = {
    "causal": Phrase("causal language model"),
    "seq2seq": Phrase("sequence-to-sequence model"),
    "masked": Phrase("masked language model"),
}

_ENCODERS = frozenset(
    {"albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "modernbert", "mpnet",
     "roberta", "xlm-roberta"}
)  # fmt: skip
_CONTEXT = ("max_position_embeddings", "n_positions", "seq_length", "max_sequence_length")
_VOCABULARY = ("vocab_size", "padded_vocab_size")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers")
_TRAINED_CONTEXT = {"bloom": 2048, "falcon": 2048, "mt5": 512, "t5": 512, "umt5": 512}
"""Tokens that the family was trained on, where positions are relative and no field names a limit (their papers)."""
_BARE = {"bert": "BertForMaskedLM"}
"""Early BERT folders, BioBERT's among them, name no architecture."""


def architecture(config: Mapping[str, Any]) -> str:
    """The class that the weights belong to. Raises KeyError when it is not named."""
    named = config.get("architectures") or ()
    if named:
        return str(named[0])
    if config.get("model_type") in _BARE:
        return _BARE[config["model_type"]]
    raise KeyError("architectures")


def kind(config: Mapping[str, Any]) -> Kind:
    """What the model does with text."""
    if config.get("is_encoder_decoder"):
        return "seq2seq"
    is_encoder = config.get("model_type") in _ENCODERS and not config.get("is_decoder")
    return "masked" if is_encoder else "causal"


def context_tokens(config: Mapping[str, Any]) -> int:
    """How many tokens it reads at once. Raises KeyError when neither config nor family says."""
    inner = text_config(config)
    family = str(config.get("model_type"))
    if family in _TRAINED_CONTEXT and not any(inner.get(name) for name in _CONTEXT):
        return _TRAINED_CONTEXT[family]
    return _first(inner, _CONTEXT)


def vocabulary_size(config: Mapping[str, Any]) -> int:
    """Rows of the embedding. Raises KeyError when it is not said."""
    return _first(text_config(config), _VOCABULARY)


def layers(config: Mapping[str, Any]) -> int:
    """Blocks of the stack, of the encoder where there are two. Raises KeyError when it is not said."""
    return _first(text_config(config), _LAYERS)


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that describes the language model."""
    inner: Mapping[str, Any] = config.get("text_config") or config
    return inner


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    found = next((config[name] for name in names if config.get(name)), None)
    if not isinstance(found, int):
        raise KeyError(names[0])
    return found
