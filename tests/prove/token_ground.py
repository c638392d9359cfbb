"""Checkpoints without weights, rows and token dumps: what the template and mask checks read."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from danlu.core.progress import Progress
from danlu.prove.finding import Finding
from danlu.prove.folder import ModelFolder, open_folder
from danlu.prove.mask.checks import CHECKS as MASK_CHECKS
from danlu.prove.mask.checks import check_masks
from danlu.prove.rows.dumps import read_dump
from danlu.prove.template.checks import CHECKS as TEMPLATE_CHECKS
from danlu.prove.template.checks import check_templates
from danlu.prove.template.serving import Serving
from danlu.prove.trainers.trainer import Trainer
from danlu.text.rows.rows import read_rows
from prove import zoo

Chat = list[dict[str, Any]]
CHATS: tuple[Chat, ...] = tuple(
    [
        {"role": "user", "content": f"What is the pressure of pump {number}? 压力是多少？"},
        {"role": "assistant", "content": f"It is {number} bar at {20 + number} degrees. 是 {number} 巴。👍"},
        *(
            [
                {"role": "user", "content": f"And of pump {number + 50}?"},
                {"role": "assistant", "content": "No such pump."},
            ]
            if number % 3 == 0
            else []
        ),
    ]
    for number in range(12)
)


class Silent(Progress):
    """Reports nothing."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        pass

    def line(self, text: str) -> None:
        pass


def checkpoint(family: str, folder: Path, *, template: str | None = None) -> ModelFolder:
    """A healthy family of the zoo without its weights; `template` replaces its chat template."""
    folder.mkdir(parents=True, exist_ok=True)
    made = zoo.FAMILY[family]
    ids = zoo.write_tokenizer(made, folder).convert_tokens_to_ids
    config = {"architectures": [made.model], **made.config(ids)}
    (folder / "config.json").write_text(json.dumps(config))
    if made.generation:
        (folder / "generation_config.json").write_text(json.dumps(made.generation(ids)))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return open_folder(folder)


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def chat_rows(path: Path, chats: Sequence[Chat] = CHATS) -> Path:
    """Training rows as OpenAI messages."""
    return write_rows(path, ({"messages": chat} for chat in chats))


def trained(
    folder: ModelFolder, chats: Sequence[Chat] = CHATS, edit: Callable[[str], str] = str
) -> list[dict[str, list[int]]]:
    """Rows as a trainer makes them: ids of the template's text after `edit`; the replies and their stops carry loss."""
    serving = Serving(folder)
    rows = []
    for chat in chats:
        text = edit(serving.text(chat))
        encoded = serving.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        labels = [-100] * len(encoded["input_ids"])
        for message in (message for message in chat if message["role"] == "assistant"):
            start = text.index(str(message["content"]).strip())
            end = start + len(str(message["content"]).strip())
            for at, (left, right) in enumerate(encoded["offset_mapping"]):
                is_stop = left >= end and encoded["input_ids"][at] in serving.terminators
                if (left >= start and right <= end) or (is_stop and not text[end:left].strip()):
                    labels[at] = encoded["input_ids"][at]
        rows.append({"input_ids": list(encoded["input_ids"]), "labels": labels})
    return rows


def prove(
    folder: ModelFolder, data: Path | None = None, tokens: Path | None = None, trainer: Trainer | None = None
) -> dict[str, Finding]:
    """All template and mask findings by name; each check says exactly one thing."""
    rows = read_rows(data) if data else None
    dump = read_dump(tokens, folder) if tokens else None
    found = [
        *check_templates(folder, rows, trainer, dump, Silent()),
        *check_masks(folder, rows, trainer, dump, Silent()),
    ]
    names = [finding.check.name for finding in found]
    assert len(names) == len(set(names)) == len(TEMPLATE_CHECKS) + len(MASK_CHECKS)
    return {finding.check.name: finding for finding in found}


def failing(findings: Mapping[str, Finding]) -> set[str]:
    """Names of the checks that fail."""
    return {name for name, finding in findings.items() if finding.verdict == "fail"}


def told(finding: Finding) -> str:
    """All that a finding says, as lines."""
    return "\n".join(str(line) for line in (finding.said, *finding.evidence, finding.needs or ""))
