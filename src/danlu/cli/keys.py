"""keys create, list, revoke: who may call the server."""

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from danlu.answer.index.access import check_known
from danlu.answer.state import State
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.errors import UserError
from danlu.core.project import find_project
from danlu.serve.access.keys import Keys


def _keys() -> Keys:
    return Keys(State.of(find_project(Path.cwd())).keys)


def create(options: Namespace, say: Speech) -> None:
    """Make a key and show it, once."""
    id, key = _keys().create(check_known(options.principals, find_project(Path.cwd())))
    if options.json:
        print(json.dumps({"id": id, "key": key}))
        return
    print(key)
    print(say("id {id}; the key is shown only now, and only its hash is kept", id=id))


def list(options: Namespace, say: Speech) -> None:
    """List the keys, revoked ones too."""
    found = _keys().list()
    if options.json:
        print(json.dumps([asdict(key) for key in found], indent=2))
        return
    rows = [
        [key.id, key.created_at, key.last_used_at or "", key.revoked_at or "", ", ".join(key.principals)]
        for key in found
    ]
    print_table([say("id"), say("created"), say("last used"), say("revoked"), say("as")], rows)


def revoke(options: Namespace, say: Speech) -> None:
    """Revoke a key at once; raises UserError for an unknown id."""
    if not _keys().revoke(options.id):
        raise UserError("No key has the id {id}", "`danlu keys list` prints the ids.", id=options.id)
    print(json.dumps({"id": options.id, "revoked": True}) if options.json else say("revoked {id}", id=options.id))
