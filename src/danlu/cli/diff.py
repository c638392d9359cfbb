"""diff: what differs between two artifacts; between two corpora, document by document; between two checkpoints, weight by weight."""

import json
from argparse import Namespace
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from danlu.cli.diff_checkpoints import checkpoint_facts, print_checkpoints
from danlu.cli.remote import named_artifact, project_here
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.artifacts import Artifact, Checkpoint, Corpus, Manifest
from danlu.core.damage import check_intact
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.compare import Amounts, Comparison, compare, examples, manifest_differences


def diff(options: Namespace, say: Speech) -> None:
    """Compare two artifacts by their manifests, two corpora by their documents too, and two checkpoints by their weights."""
    project = project_here()
    first, second = (named_artifact(name, project) for name in (options.first, options.second))
    check_intact([first, second])
    facts: dict[str, Any] = {
        "first": first.id, "second": second.id, "same content": first.manifest.content_hash == second.manifest.content_hash,
        "manifest": manifest_differences(first.manifest, second.manifest),
    }  # fmt: skip
    if isinstance(first, Corpus) and isinstance(second, Corpus):
        facts |= _facts(compare(first, second, _between(first, second, project)), options.examples)
    if isinstance(first, Checkpoint) and isinstance(second, Checkpoint):
        facts |= checkpoint_facts(first, second, partial(_manifest_of, project))
    if options.json:
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    _print(facts, say)


def _manifest_of(project: Project | None, id: str) -> Manifest | None:
    """The manifest of an artifact of the project, where there is one and it is still there."""
    known = Store(project.artifacts).all() if project else []
    return next((one.manifest for one in known if one.id == id), None)


def _between(first: Artifact, second: Artifact, project: Project | None) -> list[Path]:
    """The folders of the second artifact and of all between it and the first that are here, nearest to the first one first."""
    known = {one.id: one for one in Store(project.artifacts).all()} if project else {}
    folders, waiting, seen = [second.path], list(second.manifest.parents.values()), {first.id, second.id}
    while waiting:
        id = waiting.pop(0)
        if id in known and id not in seen:
            folders.append(known[id].path)
            waiting += known[id].manifest.parents.values()
        seen.add(id)
    return list(reversed(folders))


def _facts(comparison: Comparison, count: int) -> dict[str, Any]:
    return {
        "documents": {
            "first": len(comparison.first.ids_N),
            "second": len(comparison.second.ids_N),
            "added": len(comparison.added),
            "removed": len(comparison.removed),
            "changed": len(comparison.changed),
            "relabelled": comparison.relabelled,
            "renamed": comparison.renamed,
            "unchanged": comparison.unchanged,
        },
        "removed by": comparison.removed_by,
        "changed by": comparison.changed_by,
        "by language": _amounts(comparison.first.by_language, comparison.second.by_language),
        "by source": _amounts(comparison.first.by_source, comparison.second.by_source),
        "examples": examples(comparison, count),
    }


def _amounts(first: Amounts, second: Amounts) -> dict[str, dict[str, list[int]]]:
    measures = ("documents", "tokens", "characters")
    return {
        name: {measure: [side.get(name, Counter())[measure] for side in (first, second)] for measure in measures}
        for name in sorted({*first, *second})
    }


_SHOWN_SOURCES = 20
_TOLD_BEFORE = ("config.", "parents.")
"""What the tables of checkpoints say in their own way."""


def _print(facts: dict[str, Any], say: Speech) -> None:
    print(say("same content") if facts["same content"] else say("the content differs"))
    if "inputs" in facts:
        print_checkpoints(facts, say)
        print()
    told = [name for name in facts["manifest"] if "inputs" not in facts or not name.startswith(_TOLD_BEFORE)]
    print_table(
        [say("fact"), facts["first"], facts["second"]],
        [[name, *map(_short, facts["manifest"][name])] for name in told],
    )
    if "documents" not in facts:
        return
    print()
    print_table([say("documents"), say("count")], [[say(name), count] for name, count in facts["documents"].items()])
    for title, by in ((say("removed by"), facts["removed by"]), (say("changed by"), facts["changed by"])):
        if by:
            print()
            print_table(
                [title, say("count")],
                [[say(rule) if rule else say("no rule that is known here"), by[rule]] for rule in by],
            )
    for title, amounts in ((say("language"), facts["by language"]), (say("source"), facts["by source"])):
        print()
        rows = [[name, *(f"{one} → {other}" for one, other in pair.values())] for name, pair in amounts.items()]
        print_table([title, say("documents"), say("tokens"), say("characters")], rows[:_SHOWN_SOURCES])
    _print_examples(facts["examples"], say)


def _print_examples(found: dict[str, list[dict[str, str]]], say: Speech) -> None:
    for sign, name in (("+", "added"), ("-", "removed")):
        for row in found[name]:
            print(f"\n{sign} {row['source']}\n  {_flat(row['text'])}")
    for row in found["changed"]:
        print(f"\n~ {row['source']}\n  - {_flat(row['before'])}\n  + {_flat(row['after'])}")


def _flat(text: str) -> str:
    """On one line, with line breaks to be seen."""
    return text.replace("\n", "⏎")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"
