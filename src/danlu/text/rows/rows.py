"""Training rows as conversations, whatever shape a trainer takes them in; what fits no shape is rejected with its reason."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from danlu.core.errors import Phrase, UserError
from danlu.text.rows.dump_files import TABLES, Unsupported, saved_files, table_rows
from danlu.text.rows.json_rows import SUFFIXES, json_rows
from danlu.text.rows.shapes import TEXT, Fitted, Unfit, fit


class RejectedRow(NamedTuple):
    """A row that is no conversation, or teaches nothing."""

    row: int
    """Counted from 1: the line of a file of JSON lines, the position in other files."""
    reason: Phrase


@dataclass(frozen=True)
class Conversation:
    """One training row in the form of OpenAI's messages."""

    row: int
    """Counted from 1: the line of a file of JSON lines, the position in other files."""
    messages: tuple[Mapping[str, Any], ...]
    """`role` (system, developer, user, assistant, tool), `content` (text) and where present `tool_calls`,
    `reasoning_content`, `name`, `tool_call_id`."""
    tools: tuple[Mapping[str, Any], ...]
    shape: str
    """openai, sharegpt, alpaca, prompt-completion, preference, or text: that one is no dialogue, but a single message of
    the assistant that holds the whole text."""
    prompt_messages: int = 0
    """How many of the messages the row itself names as the prompt; 0 where it does not separate them."""
    plain_text: bool = False
    """Whether prompt and completion, or the whole text, are bare strings, which TRL tokenises without any chat template."""


@dataclass(frozen=True)
class Rows:
    """A file of training rows: every row is a conversation, rejected, or shows what is not to be learnt."""

    conversations: tuple[Conversation, ...]
    rejected: tuple[RejectedRow, ...]
    shapes: Mapping[str, int]
    """Conversations by shape."""
    undesired: int = 0
    """Rows whose reply is labelled as one to be avoided (KTO): nothing of them is learnt as it stands."""


def read_rows(path: Path) -> Rows:
    """Read JSON lines, a JSON array, Parquet, or a folder that `datasets.save_to_disk` has written.

    Raises Unsupported for files and folders of another kind, UserError for what is damaged or holds no row.
    """
    if not path.exists():
        raise UserError("{path}: no such file", "name a .jsonl, .json or .parquet file of training rows", path=path)
    conversations: list[Conversation] = []
    rejected: list[RejectedRow] = []
    undesired = 0
    for number, row in raw_rows(path):
        try:
            fitted = fit(row)
            if _is_undesired(row, fitted):
                undesired += 1
                continue
            _refuse_empty(fitted)
        except Unfit as unfit:
            rejected.append(RejectedRow(number, unfit.reason))
        else:
            conversations.append(Conversation(number, *fitted))
    if not conversations and not rejected and not undesired:
        raise UserError("{path} holds no rows", "name the file that the model was trained on", path=path)
    shapes = Counter(conversation.shape for conversation in conversations)
    return Rows(tuple(conversations), tuple(rejected), dict(shapes.most_common()), undesired)


def _is_undesired(row: object, fitted: Fitted) -> bool:
    """Whether a row shows a reply to be avoided: KTO rows say so in `label`, which beside plain text means something else."""
    return isinstance(row, dict) and row.get("label") is False and fitted.shape != TEXT


def _refuse_empty(fitted: Fitted) -> None:
    """Raises Unfit where nothing stands to be learnt: the model would learn to stop at once."""
    if fitted.shape == TEXT:
        if not fitted.messages[0]["content"].strip():
            raise Unfit(Phrase("the text is empty"))
        return
    for message in fitted.messages:
        says = message["content"].strip() or message.get("tool_calls") or message.get("reasoning_content")
        if message["role"] == "assistant" and not says:
            raise Unfit(Phrase("the reply is empty"))


def raw_rows(path: Path) -> Iterator[tuple[int, object]]:
    """Each row by its number; what is not JSON comes as an `Unfit`. Raises UserError as `read_rows` does."""
    if path.is_dir():
        return _from_folder(path)
    if path.suffix in TABLES:
        return table_rows((path,))
    if path.suffix not in SUFFIXES:
        raise Unsupported(
            "{path}: {suffix} files are not read",
            "convert it to .jsonl, .json or .parquet",
            path=path,
            suffix=path.suffix or path.name,
        )
    return json_rows(path)


def _from_folder(path: Path) -> Iterator[tuple[int, object]]:
    files = saved_files(path)
    if files is None:
        raise Unsupported(
            "{path} is a folder that datasets.save_to_disk has not written",
            "give the folder that holds its dataset_dict.json or state.json, or one .jsonl, .json or .parquet file",
            path=path,
        )
    return table_rows(files)
