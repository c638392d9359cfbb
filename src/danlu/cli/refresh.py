"""refresh: the live index follows its source folders."""

import json
from argparse import Namespace
from functools import partial
from pathlib import Path

from danlu.answer.asking.refresh import Refreshed
from danlu.cli.sigterm import ending_on_sigterm
from danlu.cli.speech import Speech
from danlu.core.execute import Machine
from danlu.core.progress import progress
from danlu.core.project import find_project
from danlu.core.store import only_writer

_MOST_NAMED = 10


def refresh(options: Namespace, say: Speech) -> None:
    """Take over what changed in the source folders, or only tell it."""
    from danlu.answer.asking.refresh import refresh as bring_up

    project = find_project(Path.cwd())
    with only_writer(project.state), ending_on_sigterm(), Machine.of(project.compute) as machine:
        done = bring_up(project, machine, partial(progress, said=say.line), options.check)
    if options.json:
        print(json.dumps(done.public(), indent=2, ensure_ascii=False))
        return
    _tell(done, options.check, say)


def _tell(done: Refreshed, only_look: bool, say: Speech) -> None:
    found = done.changes
    kinds = [(say("new"), found.new), (say("changed"), found.changed), (say("gone"), found.gone)]
    for what, names in [*kinds, (say("same text, read again"), found.again)]:
        for name in names[:_MOST_NAMED]:
            print(f"{what}  {name}")
        if len(names) > _MOST_NAMED:
            print(say("{what}  and {count} more", what=what, count=len(names) - _MOST_NAMED))
    if not (found.new or found.changed or found.gone):
        print(say("nothing changed"))
    if found.forgotten:
        shown = ", ".join(found.forgotten[:_MOST_NAMED]) + (", …" if len(found.forgotten) > _MOST_NAMED else "")
        print(say("left out, since they were forgotten: {count} ({names})", count=len(found.forgotten), names=shown))
    if only_look:
        return
    if done.nothing:
        print(say.error(done.nothing))
    for reject in done.rejects:
        print(
            say(
                "rejected  {source}: {rule}, {value} (expected {threshold})",
                source=reject.source,
                rule=say(reject.rule),
                value=say(reject.value),
                threshold=say(reject.threshold),
            )
        )
    print(say("documents put: {put}, taken out: {removed}", put=done.documents, removed=done.removed))
