"""audit verify, show: the server's log of who asked what model."""

import json
from argparse import Namespace
from pathlib import Path

from danlu.answer.state import State
from danlu.cli.speech import Speech
from danlu.core.errors import UserError
from danlu.core.project import find_project
from danlu.serve.gateway.books import FILE
from danlu.serve.observe.audit import Head, records
from danlu.serve.observe.audit import verify as verify_log


def verify(options: Namespace, say: Speech) -> None:
    """Check the whole chain; raises UserError that names the first record that is not what was written."""
    head = verify_log(_log(), _head(options.head))
    if options.json:
        print(json.dumps(head._asdict()))
        return
    print(say("{count} records, none changed or missing", count=head.number))
    print(say("Note this elsewhere, for `--head` of a later check: {head}", head=f"{head.number}:{head.hash}"))


def show(options: Namespace, say: Speech) -> None:
    """Print every record."""
    for record in records(_log()):
        print(json.dumps(record, ensure_ascii=False))


def _log() -> Path:
    return State.of(find_project(Path.cwd())).folder / FILE


def _head(said: str | None) -> Head | None:
    if said is None:
        return None
    number, _, hashed = said.partition(":")
    if not number.isdecimal() or len(hashed) != 64:
        raise UserError("--head is {found}", "Give NUMBER:HASH as `danlu audit verify` printed it.", found=said)
    return Head(int(number), hashed)
