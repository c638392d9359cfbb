"""Faults of exports and servers. GGUF files are read by the real llama.cpp; other servers are a small one on the real model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danlu.prove.request import Request
from prove.gguf_files import write_gguf
from prove.ground import TUNED, Ground, copy, edit, reweigh
from prove.model_server import Conduct, serve
from prove.planted_folders import pack_nf4
from prove.zoo import ZEPHYR

PRE = "smollm"


def healthy_export(ground: Ground, folder: Path, kind: str = "F16") -> Request:
    """A GGUF file as llama.cpp's converter writes it."""
    gguf = write_gguf(ground.family(TUNED), folder / f"tuned-{kind}.gguf", kind=kind, pre=PRE)
    return Request(ground.family(TUNED), against=str(gguf), data=ground.chats)


def _exported(ground: Ground, folder: Path, **fault: Any) -> Request:
    gguf = write_gguf(ground.family(TUNED), folder / "tuned-F16.gguf", **({"pre": PRE} | fault))
    return Request(ground.family(TUNED), against=str(gguf), data=ground.chats)


def other_words(ground: Ground, folder: Path) -> Request:
    """Converted before llama.cpp knew this model's way of splitting words: the pre-tokenizer is a default."""
    return _exported(ground, folder, pre="llama-bpe")


def end_token_lost(ground: Ground, folder: Path) -> Request:
    """The converter read the tokenizer's class defaults: the end token of the file is another one."""
    return _exported(ground, folder, facts={"tokenizer.ggml.eos_token_id": 0})


def template_lost(ground: Ground, folder: Path) -> Request:
    """Converted from a folder whose template lay in chat_template.jinja by a converter that read the old place only."""
    return _exported(ground, folder, facts={"tokenizer.chat_template": None})


def template_replaced(ground: Ground, folder: Path) -> Request:
    """A template guessed from the architecture's name."""
    return _exported(ground, folder, facts={"tokenizer.chat_template": ZEPHYR})


def four_bits_in_the_file(ground: Ground, folder: Path) -> Request:
    """Named F16, and its matrices are Q4_0."""
    gguf = write_gguf(ground.family(TUNED), folder / "tuned-F16.gguf", kind="Q4_0", pre=PRE)
    return Request(ground.family(TUNED), against=str(gguf), data=ground.chats)


def weights_of_another_run(ground: Ground, folder: Path) -> Request:
    """The comparison ran the wrong weights: the file was made from another checkpoint of the same shape."""
    gguf = write_gguf(ground.deaf(TUNED), folder / "tuned-F16.gguf", pre=PRE)
    return Request(ground.family(TUNED), against=str(gguf), data=ground.chats)


def rotary_order_forgotten(ground: Ground, folder: Path) -> Request:
    """A converter that does not permute q and k for llama.cpp's order of rotary dimensions."""
    return _exported(ground, folder, rope=False)


def four_bits_in_the_folder(ground: Ground, folder: Path) -> Request:
    """Unsloth Studio's 16-bit export of a full fine-tune: loaded in 4 bits by default, and saved so."""
    target = reweigh(copy(ground.family("qwen2.5"), folder / "model-16bit"), pack_nf4)
    quantised = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    edit(target / "config.json", quantization_config=quantised | {"bnb_4bit_compute_dtype": "bfloat16"})
    return Request(ground.family("qwen2.5"), against=str(target), data=ground.chats)


@contextmanager
def healthy_server(ground: Ground, _: Path) -> Iterator[Request]:
    """An honest server of the checkpoint."""
    with serve(ground.family(TUNED)) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def wrong_weights_answer(ground: Ground, _: Path) -> Iterator[Request]:
    """Unsloth Studio's comparison: both sides were answered by one model, under two names."""
    with serve(ground.deaf(TUNED)) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def fallback_answers(ground: Ground, _: Path) -> Iterator[Request]:
    """A gateway whose model is away: another one answers under its own name, and nothing else tells."""
    conduct = Conduct(answers_as="another-model", silent=True)
    with serve(ground.family(TUNED), conduct) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def prompt_cut_in_silence(ground: Ground, _: Path) -> Iterator[Request]:
    """Ollama: a prompt longer than num_ctx loses its beginning, and the reply is 200."""
    with serve(ground.family(TUNED), Conduct(max_prompt_tokens=256)) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def penalty_by_default(ground: Ground, _: Path) -> Iterator[Request]:
    """vLLM applies repetition_penalty of generation_config.json to requests that do not mention it."""
    with serve(ground.family(TUNED), Conduct(owned_by="vllm", defaults={"repetition_penalty": 5.0})) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def zero_temperature_unset(ground: Ground, _: Path) -> Iterator[Request]:
    """`if temperature:` in a gateway: 0 is false, and replies that should be greedy are drawn at 1."""
    with serve(ground.family(TUNED), Conduct(zero_is_unset=True)) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def system_added(ground: Ground, _: Path) -> Iterator[Request]:
    """A gateway with a system prompt of its own."""
    with serve(ground.family(TUNED), Conduct(system="You are a pirate, and you answer as one.")) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)


@contextmanager
def stops_ignored(ground: Ground, _: Path) -> Iterator[Request]:
    """A server started without the model's stop tokens: each reply runs to the limit."""
    with serve(ground.family(TUNED), Conduct(stops=False)) as url:
        yield Request(ground.family(TUNED), against=url, data=ground.chats)
