"""A command of danlu on its way to another machine: parsed by danlu's own parser, and put together again from what that understood.

So nonsense is refused before anything is sent, what is a path is known and not guessed, and the order of options makes no other job.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from danlu.cli.sent_licences import check_licences
from danlu.core.artifacts import MANIFEST
from danlu.core.errors import UserError
from danlu.core.file_trees import FileTree, read_tree
from danlu.core.hashing import short_id

OUT = "out"
"""What --out is called there."""
PATHS = frozenset(
    {"paths", "subject", "data", "quality", "base", "against", "waive", "adapter", "reward", "reward_model", "split"}
)
"""Options that are text to the parser and name files here, beside those that are paths to it. A test knows every other."""
HOW = frozenset({"compute", "workers", "processes", "machines", "watch", "track", "json"})
"""Options that say how and where work is done: a job that is stopped may go on with others."""
_NOT_SENT = frozenset({"help", "lang", "out"})
WITHOUT_ARTIFACT = frozenset({"fetch:fetch", "interop:export"})
"""Commands with --out whose folder is no artifact: nothing would prove that it came back whole."""
_RUN = "project:run"


@dataclass(frozen=True)
class Word:
    """One argument. Where it names a file here, `path` is that, and the rest stands around it."""

    before: str
    path: Path | None = None
    after: str = ""


@dataclass(frozen=True)
class SentCommand:
    """A command without its --out."""

    names: tuple[str, ...]
    what: tuple[Word, ...]
    how: tuple[Word, ...]
    out: Path | None
    """None for `run`: a project's artifacts have their own place."""

    @property
    def is_project(self) -> bool:
        """Whether it is `run`."""
        return self.out is None

    def trees(self) -> dict[Path, FileTree]:
        """The files that it names here, hashed. Raises UserError for what is not there or cannot be sent."""
        paths = dict.fromkeys(word.path for word in (*self.what, *self.how) if word.path)
        return {path: read_tree(path, hidden=(path / MANIFEST).is_file()) for path in paths}

    def id(self, ids: dict[Path, str], project: str, host: str) -> str:
        """Of the job, from the command, the content of what it reads, a project's among it, and the host."""
        words = [[word.before, ids[word.path] if word.path else "", word.after] for word in self.what]
        return short_id([version("danlu"), self.names, words, project, host])

    def arguments(self, there: dict[Path, str], language: str) -> list[str]:
        """The arguments of danlu on the other machine, where `there` says what each path is called."""
        words = [word.before + (there[word.path] if word.path else "") + word.after for word in (*self.what, *self.how)]
        out = [] if self.is_project else [f"--out={OUT}"]
        return ["--lang", language, *self.names, *words, *out]


def sent_command(whole: argparse.ArgumentParser, typed: Sequence[str]) -> SentCommand:
    """Parse what stands after the host; raises UserError for a command that makes nothing to fetch, and for files that are not here."""
    options = whole.parse_args(typed)
    names, command = next(found for found in _leaves(whole, ()) if found[1].get_default("call") == options.call)
    out = {action.dest: action for action in command._actions}.get("out")
    if options.call != _RUN and (out is None or not out.required or options.call in WITHOUT_ARTIFACT):
        raise UserError(
            "`danlu {command}` cannot be submitted",
            "What can: `run`, and each command that makes an artifact after --out.",
            command=" ".join(names),
        )
    _check_tracker(options)
    for path in map(Path, options.paths if "licence" in options and "paths" in options else ()):
        check_licences(path, options.licence, path)
    actions = [action for action in command._actions if action.dest not in _NOT_SENT]
    ordered = [action for action in actions if not action.option_strings] + [a for a in actions if a.option_strings]
    what = [word for action in ordered if action.dest not in HOW for word in _words(action, options)]
    how = [word for action in ordered if action.dest in HOW for word in _words(action, options)]
    return SentCommand(names, tuple(what), tuple(how), Path(options.out) if out else None)


def names_there(paths: Sequence[Path]) -> dict[Path, str]:
    """Paths that can be called there what they are called here, from the folder of the job: so messages name what the user named."""
    return {
        path: str(path)
        for path in paths
        if not path.is_absolute()
        and path.parts
        and path.parts[0] not in ("..", OUT)
        and ".." not in path.parts
        and not str(path).startswith("-")
        and not any(path != other and path.is_relative_to(other) for other in paths)
    }


def _check_tracker(options: argparse.Namespace) -> None:
    if options.track is not None and "://" not in options.track:
        raise UserError(
            "--track writes into a file of the other machine, which does not come back",
            "Name a server after it: --track http://HOST:5000",
        )


def _leaves(
    of: argparse.ArgumentParser, names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    groups = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for name, child in group.choices.items():
            yield from _leaves(child, (*names, name))
    if not groups:
        yield names, of


def _words(action: argparse.Action, options: argparse.Namespace) -> Iterator[Word]:
    """What was typed for one option or position; nothing for its default."""
    value: Any = getattr(options, action.dest)
    flag = action.option_strings[-1] if action.option_strings else ""
    if flag and value == action.default:
        return
    if action.nargs == 0 or (action.nargs == "?" and value == action.const):
        yield Word(flag)
    elif isinstance(action, argparse._AppendAction):
        for each in value:
            yield _word(f"{flag}=", action, each)
    elif isinstance(value, list | tuple):
        yield from [Word(flag)] if flag else []
        yield from (_word("", action, each) for each in value)
    elif value is not None:
        yield _word(f"{flag}=" if flag else "", action, value)


def _word(before: str, action: argparse.Action, value: Any) -> Word:
    """A value, as a path where it is one."""
    if action.type is not Path and action.dest not in PATHS:
        return Word(f"{before}{value}")
    scheme, text, after = _parted(action.dest, str(value))
    if not text:
        return Word(f"{before}{value}")
    if not Path(text).exists():
        raise UserError("No such file or folder: {path}", "Correct the path: it is read here and sent.", path=text)
    return Word(before + scheme, Path(text), after)


def _parted(option: str, text: str) -> tuple[str, str, str]:
    """What stands before a path, the path, and what stands after it; no path in a model of a hub or a reward of danlu's own."""
    if option == "base":
        if text.startswith("path:"):
            return "path:", text.removeprefix("path:"), ""
        return ("path:", text, "") if Path(text).is_dir() else ("", "", "")
    if option == "reward":
        file, colon, function = text.rpartition(":")
        return ("", file, colon + function) if file.endswith(".py") else ("", "", "")
    return "", text, ""
