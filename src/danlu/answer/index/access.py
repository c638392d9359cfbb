"""Who may see which document: the `access` lines of danlu.yaml, brought to the live index.

A pattern is matched with a document's name as citations show it (`*` fits slashes too); the first that fits counts, and what none
fits is for everyone. Of several files with the same text each keeps its own line: who may see one of them may see the text. Access is no part of any artifact: a changed line counts from the next command on, without a new index.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.project import PROJECT_FILE, Project, load_project
from danlu.data.lock import source_paths
from danlu.retrieve.legs.change import Change
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.tables.schema import EVERYONE

_RULES = "access rules"
"""The fact of an index that holds the hash of the lines that were applied to it."""


def principals_of(source: str, access: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Who may see the document of this name."""
    return next((names for pattern, names in access.items() if fits(source, pattern)), frozenset({EVERYONE}))


def fits(source: str, pattern: str) -> bool:
    """Whether a pattern is of a document of this name: `*` is any number of signs, `?` one, and `[` is itself, as in names of folders."""
    return fnmatchcase(source, pattern.replace("[", "[[]"))


def apply_access(live: LiveIndex, project: Project) -> None:
    """Set the access of every document anew where the lines changed since they were applied last.

    Raises UserError for a pattern that fits no document and no source file: a slip of the pen must not open what it was to close.
    """
    with live.reading(None) as view:
        if view.fact(_RULES) == _hash(project.access):
            return
    with live.writing() as change:
        align_access(change, project)


def align_access(change: Change, project: Project) -> Mapping[str, frozenset[str]]:
    """The same inside a change, and the lines that count for what else it puts: those of danlu.yaml as it lies there now.

    `project` may have been read minutes ago. Whoever writes last has read the file last, so that older lines never come back.
    """
    project = load_project(project.folder)
    if change.fact(_RULES) != _hash(project.access):
        sources = change.sources()
        _check_patterns(project, [*sources.values(), *change.twins().values()])
        change.grant({doc_id: principals_of(source, project.access) for doc_id, source in sources.items()})
        change.grant_by_name(partial(principals_of, access=project.access))
        change.note(_RULES, _hash(project.access))
    return project.access


def stamp_of(project: Project) -> tuple[int, int]:
    """Changes with the project's file; zeros while it cannot be seen, as some editors have it for a moment."""
    try:
        found = (project.folder / PROJECT_FILE).stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _hash(access: Mapping[str, frozenset[str]]) -> str:
    return hash_facts([[pattern, sorted(names)] for pattern, names in access.items()])


def check_known(principals: Iterable[str], project: Project) -> frozenset[str]:
    """The principals as a set; raises UserError for one that no line of danlu.yaml names."""
    wanted = frozenset(principals)
    known = frozenset().union(*project.access.values()) if project.access else frozenset()
    for name in sorted(wanted - known - {EVERYONE}):
        raise UserError(
            "danlu.yaml gives nothing to {name!r}",
            "The names below `access:` are: {known}.",
            name=name,
            known=", ".join(sorted(known)) or "none",
        )
    return wanted


def _check_patterns(project: Project, documents: Iterable[str]) -> None:
    names = list(documents)
    unused = [pattern for pattern in project.access if not any(fits(name, pattern) for name in names)]
    if unused:
        files = list(source_paths(project.sources))
        unused = [pattern for pattern in unused if not any(fits(name, pattern) for name in files)]
    if unused:
        raise UserError(
            "{file}: the access pattern {pattern!r} fits no document",
            "Names are as citations show them, such as {example}. Nothing is answered while a pattern protects nothing.",
            file=PROJECT_FILE,
            pattern=unused[0],
            example=names[0] if names else "docs/handbook.pdf",
        )
