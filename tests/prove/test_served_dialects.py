"""What each dialect's replies tell. vLLM's were recorded from a running server; Ollama's and OpenAI's are documented shapes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.core.endpoints import Refused
from danlu.prove.folder import open_folder
from danlu.prove.served.asking import Served
from danlu.prove.served.client import Client
from danlu.prove.served.dialect import Dialect, ServedFacts, recognise
from danlu.prove.served.local import token_ids
from danlu.prove.served.names import is_same_name
from danlu.prove.served.replies import read_reply
from prove.dialect_server import answering, recorded
from tiny import make_tiny_checkpoint

TOKENS = {b"Hello": 5, b" there": 6, "é".encode(): 7}


def routes(replies: dict[str, Any]) -> Any:
    return lambda path, *_: (200, replies[path]) if path in replies else (404, {"error": "not found"})


def test_vllm_tells_path_and_context() -> None:
    with answering(routes({"/v1/models": recorded("vllm")["models"]})) as url:
        facts = recognise(Client(url, None), None)
    assert facts == ServedFacts(Dialect.VLLM, "/v1", "smol", ("/models/smol",), None, 2048)


def test_vllm_tells_the_ids_of_prompt_and_reply() -> None:
    reply = read_reply(recorded("vllm")["chat"], {})
    assert reply.prompt_ids and len(reply.prompt_ids) == reply.prompt_tokens
    assert reply.ids == (19556, 17)
    assert [max(top, key=lambda id: top[id]) for top in reply.tops] == [19556, 17]
    completion = read_reply(recorded("vllm")["completion"], {})
    assert completion.ids and completion.prompt_ids == (504, 3575) and len(completion.tops) == 2


def test_ollama_tells_digest_precision_template_context_and_parameters() -> None:
    said = recorded("ollama")
    paths = {
        "/v1/models": "models",
        "/api/version": "version",
        "/api/tags": "tags",
        "/api/ps": "ps",
        "/api/show": "show",
    }
    said["show"]["parameters"] += "\nrepeat_penalty                 1.1\ntemperature                    0.6"
    with answering(routes({path: said[name] for path, name in paths.items()})) as url:
        facts = recognise(Client(url, None), "tuned")
    assert facts.dialect == Dialect.OLLAMA and facts.model == "tuned:latest"
    assert facts.weights == (said["tags"]["models"][0]["digest"], "F16")
    assert facts.context_tokens == 512
    assert facts.stops == ("<|im_start|>", "<|im_end|>")
    assert facts.defaults["repeat_penalty"] == 1.1 and facts.defaults["temperature"] == 0.6
    assert facts.template and "{{- range .Messages }}" in facts.template


def test_ollama_replies_name_tokens_by_their_bytes() -> None:
    for name in ("chat", "api_chat"):
        reply = read_reply(recorded("ollama")[name], TOKENS)
        assert (reply.text, reply.finish, reply.prompt_tokens) == ("Hello", "stop", 12)
        assert reply.ids == (5,) and reply.tops == ({5: -0.5},)


def test_ollama_is_asked_by_its_own_path_where_openais_takes_no_penalty() -> None:
    asked: list[tuple[str, Any]] = []

    def answer(path: str, body: Any, _: Any) -> tuple[int, Any]:
        asked.append((path, body))
        return 200, recorded("ollama")["api_chat" if path == "/api/chat" else "chat"]

    with answering(answer) as url:
        served = Served(Client(url, None), ServedFacts(Dialect.OLLAMA, "/v1", "m"), TOKENS)
        served.chat([{"role": "user", "content": "Hi"}], max_tokens=1, neutral=False)
        served.chat([{"role": "user", "content": "Hi"}], max_tokens=1, neutral=True)
    assert [path for path, _ in asked] == ["/v1/chat/completions", "/api/chat"]
    assert asked[1][1]["options"]["repeat_penalty"] == 1.0


def test_a_server_without_log_probabilities_is_asked_without_them_from_then_on() -> None:
    asked: list[bool] = []

    def answer(path: str, body: Any, _: Any) -> tuple[int, Any]:
        asked.append("logprobs" in body)
        if asked[-1]:
            return 400, {"error": {"message": "logprobs are not supported"}}
        return 200, {"model": "m", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}

    with answering(answer) as url:
        served = Served(Client(url, None), ServedFacts(Dialect.OPENAI, "/v1", "m"), TOKENS)
        for _ in range(2):
            reply = served.chat([{"role": "user", "content": "Hi"}], max_tokens=1, neutral=False)
    assert asked == [True, False, False]
    assert reply.text == "Hello" and reply.ids is None and reply.prompt_tokens is None


def test_tokens_that_a_server_leaves_out_make_the_ids_unknown() -> None:
    content = [{"token": "Hello", "logprob": -0.1, "top_logprobs": []}]
    choice = {"message": {"content": "Hello é"}, "finish_reason": "length", "logprobs": {"content": content}}
    reply = read_reply({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, TOKENS)
    assert reply.ids is None and reply.tops == ()


@pytest.mark.parametrize(("finish", "told", "counted", "known"), [
    ("length", {"id": 1}, 2, False),  # llama.cpp left out one that ends within a character
    ("stop", {"id": 1}, 2, False),  # it tells its stop token, so that is not what is missing
    ("stop", {}, 2, True),  # others count the stop token and do not tell it
    ("length", {}, 2, False),
])  # fmt: skip
def test_one_token_less_than_counted_is_the_stop_token_or_a_lost_one(finish: str, told: Any, counted: int, known: bool) -> None:  # fmt: skip
    content = [{"token": "Hello", "logprob": -0.1, "top_logprobs": [], **told}]
    choice = {"message": {"content": "Hello"}, "finish_reason": finish, "logprobs": {"content": content}}
    reply = read_reply({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": counted}}, TOKENS)
    assert (reply.ids is not None) == known


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["choices", "message", "content", "logprobs", "tokens", "text", "usage"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_a_reply_of_any_shape_is_read_or_refused(said: Any) -> None:
    try:
        read_reply(json.loads(json.dumps(said)), TOKENS)
    except Refused as refused:
        assert refused.status == 200


@pytest.mark.parametrize(
    ("asked", "replied", "same"),
    [
        ("tuned", "tuned", True),
        ("tuned", "Tuned:latest", True),
        ("tuned:latest", "tuned", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4", "gpt-4-0613", True),
        ("openai/gpt-4o", "gpt-4o", True),
        ("/models/tuned-Q4_K_M.gguf", "tuned", True),
        ("tuned", "tuned-AWQ-int4", True),
        ("tuned", "alias", True),
        ("tuned", "base", False),
        ("qwen2.5-7b", "qwen2.5-7b-instruct", False),
        ("qwen2.5-7b", "qwen2.5-72b", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("llama-3", "llama-3.1", False),
        ("gemma:2b", "gemma:7b", False),
    ],
)
def test_names_are_one_up_to_date_tag_owner_and_precision(asked: str, replied: str, same: bool) -> None:
    assert is_same_name(asked, replied, ["alias"]) == same


def test_names_for_the_same_weights_are_aliases_and_an_adapters_base_is_none() -> None:
    cards = [
        {"id": "smol", "owned_by": "vllm", "root": "/models/smol"},
        {"id": "small", "owned_by": "vllm", "root": "/models/smol"},
        {"id": "lora", "owned_by": "vllm", "root": "/adapters/lora", "parent": "smol"},
    ]
    with answering(routes({"/v1/models": {"data": cards}})) as url:
        assert recognise(Client(url, None), "smol").aliases == ("small",)
        assert recognise(Client(url, None), "lora").aliases == ()


def test_every_byte_has_a_token_of_its_own(tmp_path: Any) -> None:
    folder = open_folder(make_tiny_checkpoint(tmp_path))
    known = token_ids(folder)
    assert all(bytes([byte]) in known for byte in range(256))
    ids = folder.tokenizer("请 stop 👍", add_special_tokens=False)["input_ids"]
    by_id = {id: raw for raw, id in known.items()}
    assert b"".join(by_id[id] for id in ids).decode() == "请 stop 👍"
    assert known[b"<|im_end|>"] == folder.tokenizer.eos_token_id
