"""The command line: parse, call, print. Nothing heavy is imported before a command needs it.

Exit status: 0 done, 1 the work failed, 2 the input or the usage is wrong, 130 stopped by Ctrl+C.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from danlu.cli.commands import Commands
from danlu.cli.options import (
    access,
    align,
    answers,
    augment,
    balance,
    decontaminate,
    deduplicate,
    diff,
    doctor,
    fetch,
    finetune,
    forget,
    head,
    interop,
    join,
    label,
    pretrain,
    project,
    prove,
    redact,
    remote,
    search,
    split,
    stages,
    submit,
    synthesize,
    tokenize,
    tokenizer,
)
from danlu.cli.speech import LANGUAGES, Speech, language_of
from danlu.cli.usage import Parser, argparse_says
from danlu.core.errors import DanluError, WorkFailed
from danlu.core.library_settings import settle

_MACHINE_SAYS_NO = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE,
    errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.ELOOP,
}  # fmt: skip
"""A full disk, a read-only folder: the user's to mend. Any other OSError that escapes is a defect and keeps its traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    settle(os.environ)
    speech = Speech(language_of(arguments, os.environ))
    with argparse_says(speech):
        options = parser(speech).parse_args(arguments)
    module, _, function = options.call.partition(":")
    try:
        status = getattr(import_module(f"danlu.cli.{module}"), function)(options, speech)
        sys.stdout.flush()  # here, where a reader that has left (`| head`) is no error, and not when Python ends
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(speech("stopped; what was finished is kept"), file=sys.stderr)
        return 130
    except Exception as error:
        failure = _told(error, arguments)
        if failure is None:
            raise
        print(speech.error(failure), file=sys.stderr)
        return failure.exit_code
    return status or 0


def _told(error: Exception, arguments: Sequence[str]) -> DanluError | None:
    """What a user is told of an error; None for a defect of ours, which keeps its traceback."""
    if isinstance(error, DanluError):
        return error
    if isinstance(error, OSError) and error.errno in _MACHINE_SAYS_NO:
        return WorkFailed(
            "{path}: {problem}",
            "What was finished is kept: run again when that is mended.",
            path=error.filename or "danlu",
            problem=error.strerror,
        )
    from danlu.core.damage import damage_among, damage_of_project
    from danlu.core.library_errors import failure_of

    return failure_of(error) or damage_among(arguments) or damage_of_project(Path.cwd())


def parser(say: Speech) -> argparse.ArgumentParser:
    """The whole command line, in one language."""
    parser = Parser(
        prog="danlu",
        description=say("From your own documents to cited answers and a model of your own, with proof at every joint."),
        epilog=say("the project is the folder you stand in, or the nearest one above it that has a danlu.yaml"),
    )
    parser.add_argument("--lang", choices=LANGUAGES, help=say("language of what danlu says"))
    parser.add_argument("--version", action="version", version="danlu 0.1.0", help=say("print the version"))
    commands = Commands(parser, say)
    data = (fetch, stages, deduplicate, redact, decontaminate, split, label, synthesize, augment, balance)
    for group in (
        doctor,
        project,
        answers,
        access,
        interop,
        forget,
        *data,
        tokenizer,
        tokenize,
        pretrain,
        finetune,
        head,
        align,
        search,
        join,
        prove,
        diff,
        remote,
        submit,
    ):
        group.add(commands, say)
    return parser
