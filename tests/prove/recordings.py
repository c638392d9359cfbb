"""Which templates and options are recorded, and where danlu's own rendition differs from a recording."""

import json
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from danlu.prove.folder import ModelFolder, open_folder
from danlu.prove.trainers import trl
from danlu.prove.trainers.axolotl_text import facts
from danlu.prove.trainers.resolve import known_names, resolve
from danlu.prove.trainers.trainer import CannotRender
from danlu.text.rows.rows import Conversation
from danlu.text.rows.shapes import fit
from prove import probes

Case = tuple[str, str, str, dict[str, Any]]
"""Its name, the tokenizer, the template, and what the configuration file says beside it."""
RECORDED = Path(__file__).parent / "recorded"
CONFIGURED: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "llamafactory": (
        *(
            (name, settings)
            for name in ("qwen", "qwen3", "chatglm3", "llama2", "mistral", "alpaca", "gemma3", "glm4_moe")
            for settings in (
                {"cutoff_len": 24},
                {"cutoff_len": 24, "mask_history": True},
                {"mask_history": True},
                {"default_system": "Answer in 中文."},
                {"formatting": "openai"},
            )
        ),
        ("qwen", {"train_on_prompt": True}),
        ("mistral", {"train_on_prompt": True}),
        ("llama3", {"tool_format": "qwen"}),
        *(
            (name, settings)
            for name in ("qwen3", "deepseekr1", "glm4_moe", "glm4_7")
            for settings in (
                {"enable_thinking": False},
                {"enable_thinking": False, "mask_history": True},
                {"preserve_thinking": True, "mask_history": True},
            )
        ),
    ),
    "swift": (
        *(
            (name, settings)
            for name in ("qwen2_5", "qwen3", "qwq", "chatglm2", "glm4_5", "gemma3_text", "deepseek_v3_1", "default")
            for settings in (
                {"max_length": 24, "truncation_strategy": "left"},
                {"max_length": 24, "truncation_strategy": "right"},
                {"max_length": 24, "truncation_strategy": "delete"},
                {"loss_scale": "last_round"},
                {"loss_scale": "all"},
                {"loss_scale": "default+ignore_empty_think"},
                {"system": "Answer in 中文."},
                {"preserve_thinking": False},
                {"add_non_thinking_prefix": False},
                {"enable_thinking": True, "loss_scale": "last_round"},
                {"agent_template": "hermes"},
            )
        ),
    ),
    "axolotl": (
        *(
            (name, settings)
            for name in ("chatml", "llama3", "phi_3", "alpaca", "gemma", "qwen_25")
            for settings in (
                {"train_on_inputs": True},
                {"eot_tokens": ["<|im_end|>"]},
                {"eot_tokens": ["<|im_end|>", "<|eot_id|>", "<|end|>"]},
                {"special_tokens": {"eos_token": "<|im_end|>"}},
                {"special_tokens": {"eos_token": "<|eot_id|>"}},
                {"dataset": {"train_on_eos": "all"}},
                {"dataset": {"train_on_eos": "last"}},
                {"dataset": {"train_on_eos": "none"}},
                {"dataset": {"train_on_eot": "last"}, "eot_tokens": ["<|im_end|>"]},
                {"dataset": {"train_on_eot": "all"}, "eot_tokens": ["<|im_end|>"]},
                {"dataset": {"roles_to_train": ["user", "assistant"]}},
                {"dataset": {"drop_system_message": True}},
                {"sequence_len": 24},
                {"sequence_len": 24, "excess_length_strategy": "truncate"},
            )
        ),
    ),
    "trl": tuple(
        ("default", settings)
        for settings in (
            {"assistant_only_loss": True},
            {"max_length": 24},
            {"max_length": 24, "assistant_only_loss": True},
            {"completion_only_loss": False},
            {"completion_only_loss": True},
            {"eos_token": "<|im_end|>"},
        )
    )
    + tuple(
        (name, {"assistant_only_loss": True})
        for name in ("qwen3", "qwen2_5", "llama3", "gemma", "phi3", "qwen3_training")
    ),
}
TRL_NAMES = (
    "default",
    "qwen3",
    "qwen2_5",
    "llama3",
    "gemma",
    "phi3",
    "deepseekv3",
    "cohere",
    "glm4moe",
    "qwen3_training",
)


def cases(tool: str) -> Iterator[Case]:
    """Every template on every tokenizer, then the configured ones."""
    for kind in probes.TOKENIZERS:
        for name in names(tool):
            yield f"{kind} {name}", kind, name, {}
        for name, settings in CONFIGURED[tool]:
            yield f"{kind} {name} {json.dumps(settings, ensure_ascii=False, sort_keys=True)}", kind, name, settings


def names(tool: str) -> tuple[str, ...]:
    """The recorded templates: those of our tables, and some files of TRL."""
    if tool == "axolotl":
        return tuple(sorted(facts()))
    return TRL_NAMES if tool == "trl" else known_names(tool)


def trl_template_folder() -> Path:
    """Where the installed TRL keeps its templates."""
    return next(iter(trl.templates().values())).parent


def differences(tool: str, case: str, digests: dict[str, str]) -> list[str]:
    """What danlu writes otherwise than the tool did. A refusal of ours is no difference: we say that we cannot."""
    found = []
    written = renditions(tool, case)
    for row, expected in digests.items():
        if written[row] != expected and not written[row].startswith("cannot"):
            found.append(f"{case}: {row}: expected {expected}, got {written[row]}")
    return found


def renditions(tool: str, case: str) -> dict[str, str]:
    """danlu's digests of every probe row for one case."""
    _, kind, name, settings = _case(tool, case)
    folder = tokenizer_folder(kind)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(configuration(tool, name, settings), file, allow_unicode=True)
        file.flush()
        trainer = resolve(f"{tool}:{file.name}")
    return {row: _digest(trainer, conversation, folder) for row, conversation in conversations().items()}


def _digest(trainer: Any, conversation: Conversation, folder: ModelFolder) -> str:
    try:
        rendition = trainer.render(conversation, folder)
    except CannotRender as error:
        return f"cannot: {error.reason}"
    return probes.digest(rendition.ids, rendition.learnt)


@cache
def conversations() -> dict[str, Conversation]:
    """The probe rows as conversations."""
    return {name: Conversation(number, *fit(row)) for number, (name, row) in enumerate(probes.ROWS.items(), start=1)}


@cache
def tokenizer_folder(kind: str) -> ModelFolder:
    """A folder with one of the probe tokenizers; it lasts as long as the process."""
    folder = tempfile.mkdtemp()
    path = probes.write_tokenizer(kind, Path(folder))
    (path / "chat_template.jinja").write_text(probes.TEMPLATE, encoding="utf-8")
    return open_folder(path)


def configuration(tool: str, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The configuration file of a case, as its tool takes it."""
    if tool == "swift":
        return {"template": name, **settings}
    if tool == "axolotl":
        rest = {key: value for key, value in settings.items() if key != "dataset"}
        dataset = {"path": "x", "type": "chat_template", **settings.get("dataset", {})}
        return {"chat_template": name, "sequence_len": 100_000, "datasets": [dataset], **rest}
    if tool == "trl":
        path = {} if name == "default" else {"chat_template_path": str(trl_template_folder() / f"{name}.jinja")}
        return {"max_length": None, **path, **settings}
    return {"template": name, "stage": "sft", "cutoff_len": 100_000, **settings}


@cache
def _by_name(tool: str) -> dict[str, Case]:
    return {case[0]: case for case in cases(tool)}


def _case(tool: str, case: str) -> Case:
    return _by_name(tool)[case]
