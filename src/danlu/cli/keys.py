"""keys create, list, revoke: who may call the server."""

import json
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from danlu.answer.index.access import check_known
from danlu.answer.state import State
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.errors import UserError
from danlu.core.project import Project, find_project
from danlu.serve.access.keys import KeyFacts, Keys, NewKey
from danlu.serve.access.limits import LIMIT_NAMES, Limits
from danlu.serve.access.quotas import restore as restore_caller
from danlu.serve.gateway.books import FILE
from danlu.serve.observe.audit import note_once


def create(options: Namespace, say: Speech) -> None:
    """Make a key and show it, once."""
    project = find_project(Path.cwd())
    principals = check_known(options.principals, project)
    new = NewKey(principals, options.role, options.models, _expiry(options.days), _limits(options.limits))
    id, key = _keys(project).create(new)
    _note(project, "key made", id, role=new.role, models=list_of(new.models), limits=dict(new.limits))
    if options.json:
        print(json.dumps({"id": id, "key": key}))
        return
    print(key)
    print(say("id {id}; the key is shown only now, and only its hash is kept", id=id))


def list(options: Namespace, say: Speech) -> None:
    """List the keys, revoked ones too."""
    found = _keys(find_project(Path.cwd())).list()
    if options.json:
        print(json.dumps([asdict(key) for key in found], indent=2))
        return
    head = [
        say("id"),
        say("created"),
        say("last used"),
        say("ends"),
        say("role"),
        say("as"),
        say("models"),
        say("limits"),
    ]
    print_table(head, [_row(key, say) for key in found])


def revoke(options: Namespace, say: Speech) -> None:
    """Revoke a key at once; raises UserError for an unknown id."""
    project = find_project(Path.cwd())
    if not _keys(project).revoke(options.id):
        raise UserError("No key has the id {id}", "`danlu keys list` prints the ids.", id=options.id)
    _note(project, "key revoked", options.id)
    print(json.dumps({"id": options.id, "revoked": True}) if options.json else say("revoked {id}", id=options.id))


def restore(options: Namespace, say: Speech) -> None:
    """Let a key ask again that guards had suspended; raises UserError for an unknown id."""
    project = find_project(Path.cwd())
    if options.id not in {key.id for key in _keys(project).list()}:
        raise UserError("No key has the id {id}", "`danlu keys list` prints the ids.", id=options.id)
    restore_caller(State.of(project).folder / FILE, f"key:{options.id}")
    _note(project, "key restored", options.id)
    print(say("{id} may ask again", id=options.id))


def list_of(values: Iterable[str]) -> str:
    """Several names as one text."""
    return ", ".join(values)


def _keys(project: Project) -> Keys:
    return Keys(State.of(project).keys)


def _note(project: Project, event: str, id: str, **facts: object) -> None:
    note_once(State.of(project).folder / FILE, event, {"key": id, **facts})


def _row(key: KeyFacts, say: Speech) -> Sequence[str]:
    ends = say("revoked {at}", at=key.revoked_at) if key.revoked_at else key.expires_at or ""
    limits = list_of([f"{name}={value:g}" for name, value in key.limits.items()])
    return [
        key.id, key.created_at, key.last_used_at or "", ends, key.role, list_of(key.principals), list_of(key.models), limits,
    ]  # fmt: skip


def _expiry(days: float | None) -> str | None:
    if days is None:
        return None
    if not 0 < days <= 36_500:
        raise UserError("--days is {days}", "Give a number above 0, up to 36500.", days=days)
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")


def _limits(said: Sequence[str]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for one in said:
        name, _, number = one.partition("=")
        try:
            limits[name] = float(number) if "." in number else int(number)
        except ValueError:
            name = ""
        if name not in LIMIT_NAMES:
            raise UserError("--limit is {found}", "Give NAME=NUMBER; the names are: {names}.", found=one, names=list_of(LIMIT_NAMES))  # fmt: skip
    Limits().over(limits)
    return limits
