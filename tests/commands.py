"""Runs `danlu` as a user does."""

import argparse
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from danlu.cli.main import main, parser
from danlu.cli.speech import Speech

DANLU = Path(sys.executable).with_name("danlu")

Outcome = subprocess.CompletedProcess[str]


def every_command() -> dict[str, argparse.ArgumentParser]:
    """All commands by name, such as `clean` and `keys list`."""
    return dict(_leaves(parser(Speech("en")), ""))


def _leaves(of: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    children = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    for action in children:
        for child, command in action.choices.items():
            yield from _leaves(command, f"{name} {child}".strip())
    if not children:
        yield name, of


def environment(**changed: str) -> dict[str, str]:
    """This process's environment, in English whatever the locale."""
    plain = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES", "LANG")}
    return {**plain, "LANG": "C.UTF-8", **changed}


def danlu(folder: Path, *arguments: str, **changed: str) -> Outcome:
    """The outcome of the installed `danlu ARGUMENTS` in a process of its own, with `folder` as the working folder."""
    return subprocess.run(
        [DANLU, *arguments], cwd=folder, env=environment(**changed), capture_output=True, text=True, check=False
    )


def here(folder: Path, *arguments: str, **changed: str) -> Outcome:
    """The same in this process: for commands that start no worker, a second sooner."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(mock.patch.dict(os.environ, environment(**changed), clear=True))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        try:
            code = main(arguments)
        except SystemExit as exit:
            code = int(exit.code or 0)
    return Outcome(["danlu", *arguments], code, out.getvalue(), err.getvalue())
