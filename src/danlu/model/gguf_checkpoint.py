"""A GGUF file as a Hugging Face folder, read once.

Transformers reads GGUF too and is this module's oracle in the tests, but it parses the file for the configuration,
the tokenizer and the weights apart (30 s where one pass takes 6 s), and it drops the digit rule of `smollm`
tokenizers: two spaces before a digit then become other tokens than the model was trained on. Layout of the
file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import json
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError

_SPLITS_DIGITS = frozenset({"smollm", "starcoder", "refact", "command-r"})
"""Values of `tokenizer.ggml.pre` that split digits one by one, then words as GPT-2 does (llama.cpp, llama-vocab.cpp)."""
_CONTROL = 3
"""`tokenizer.ggml.token_type` of control tokens."""
_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TOP_TENSORS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def write_gguf_checkpoint(gguf_file: Path, out_dir: Path) -> None:
    """Write configuration, tokenizer, chat template and float32 weights of a LLaMA-type GGUF file."""
    from gguf import GGUFReader

    reader = GGUFReader(gguf_file)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    _check_supported(facts, gguf_file)
    tied = all(tensor.name != "output.weight" for tensor in reader.tensors)
    _write_json(out_dir / "config.json", _config(facts, tied))
    _write_json(out_dir / "generation_config.json", {"_from_model_config": True, **_special_ids(facts)})
    _write_json(out_dir / "tokenizer_config.json", _tokenizer_config(facts))
    (out_dir / "chat_template.jinja").write_text(facts["tokenizer.chat_template"], encoding="utf-8", newline="")
    _write_tokenizer(facts, out_dir / "tokenizer.json")
    _write_weights(reader, facts, out_dir / "model.safetensors")


def _check_supported(facts: dict[str, Any], gguf_file: Path) -> None:
    expected = {
        "general.architecture": {"llama"},
        "tokenizer.ggml.model": {"gpt2"},
        "tokenizer.ggml.pre": _SPLITS_DIGITS,
    }
    for name, accepted in expected.items():
        if facts.get(name) not in accepted:
            raise UserError(
                "{file}: {name} is {found!r}, expected one of {accepted}",
                "use the model's Hugging Face folder instead: base: path:FOLDER",
                file=gguf_file.name,
                name=name,
                found=facts.get(name),
                accepted=", ".join(sorted(accepted)),
            )
    if "tokenizer.chat_template" not in facts:
        raise UserError("{place} has no chat template", "use an instruction-tuned model", place=gguf_file.name)


def _config(facts: dict[str, Any], tied: bool) -> dict[str, Any]:
    heads, hidden = facts["llama.attention.head_count"], facts["llama.embedding_length"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": facts["llama.feed_forward_length"],
        "max_position_embeddings": facts["llama.context_length"],
        "num_attention_heads": heads,
        "num_hidden_layers": facts["llama.block_count"],
        "num_key_value_heads": facts.get("llama.attention.head_count_kv", heads),
        "head_dim": facts.get("llama.rope.dimension_count", hidden // heads),
        "rms_norm_eps": _short_decimal(facts["llama.attention.layer_norm_rms_epsilon"]),
        "rope_theta": _short_decimal(facts.get("llama.rope.freq_base", 10_000.0)),
        "tie_word_embeddings": tied,
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        **_special_ids(facts),
    }


def _short_decimal(stored: float) -> float:
    """The decimal that was meant: GGUF keeps float32, in which 1e-5 reads 9.999999747378752e-06."""
    return float(f"{stored:.6g}")


def _special_ids(facts: dict[str, Any]) -> dict[str, int]:
    names = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    keys = {ours: f"tokenizer.ggml.{theirs}_token_id" for ours, theirs in names.items()}
    return {ours: facts[key] for ours, key in keys.items() if key in facts}


def _tokenizer_config(facts: dict[str, Any]) -> dict[str, Any]:
    tokens = facts["tokenizer.ggml.tokens"]
    names = {name.removesuffix("_id"): tokens[token_id] for name, token_id in _special_ids(facts).items()}
    # The generic class, which takes tokenizer.json as it is; a model's own class may rebuild its pre-tokenizer.
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": facts["llama.context_length"],
        **names,
    }


def _write_tokenizer(facts: dict[str, Any], path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens = facts["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in facts["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    types = facts["tokenizer.ggml.token_type"]
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    tokenizer.save(str(path))


def _write_weights(reader: Any, facts: dict[str, Any], path: Path) -> None:
    import numpy as np
    from gguf import dequantize
    from safetensors.numpy import save_file

    heads = facts["llama.attention.head_count"]
    rotated = {"attn_q": heads, "attn_k": facts.get("llama.attention.head_count_kv", heads)}
    weights = {}
    for tensor in reader.tensors:
        name, part = _tensor_name(tensor.name)
        if not name:
            continue
        weight = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        weights[name] = _unpermute(weight, rotated[part]) if part in rotated else weight
    save_file(weights, path, metadata={"format": "pt"})


def _tensor_name(gguf_name: str) -> tuple[str, str]:
    """Its name in Transformers, and which part of a block it is; empty for what Transformers computes itself."""
    parts = gguf_name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{_TENSORS[parts[2]]}.{parts[3]}", parts[2]
    return (f"{_TOP_TENSORS[parts[0]]}.{parts[1]}", "") if parts[0] in _TOP_TENSORS else ("", "")


def _unpermute(weight_OI: Any, heads: int) -> Any:
    """Undo llama.cpp's order of the rotary dimensions: interleaved pairs there, two halves in Transformers."""
    pairs = weight_OI.shape[0] // heads // 2
    return weight_OI.reshape(heads, pairs, 2, -1).swapaxes(1, 2).reshape(weight_OI.shape)


def _write_json(path: Path, facts: dict[str, Any]) -> None:
    path.write_text(json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
