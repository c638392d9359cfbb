"""What a run keeps out because it was forgotten: whole files in `collect`, members of files in `extract`.

Each enters identity by what it takes out of these very sources, and not at all when that is nothing: forgetting a document that is
no longer among the sources makes nothing anew.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from danlu.core.forgotten import Forgotten, ForgottenDocument, names_around
from danlu.core.hashing import hash_facts
from danlu.data.lock import SourceLock
from danlu.text.records import Reject

RULE = "forgotten"
BY_NAME, BY_CONTENT = "by its name", "same bytes as a forgotten file"
SAME_TEXT = "same text as a forgotten document"
BOUND = "no order to forget it"


@dataclass(frozen=True)
class ForgottenFiles:
    """Names of source files that are not read, with why."""

    files: Mapping[str, str]

    def content_hash(self) -> str:
        """What enters identity."""
        return hash_facts(sorted(self.files.items()))

    def reject(self, doc_id: str, source: str) -> Reject | None:
        """Why a file is not collected; None when it is."""
        return Reject(doc_id, source, RULE, self.files[source], BOUND) if source in self.files else None


@dataclass(frozen=True)
class ForgottenMembers:
    """Of source files that are read, the names inside them that are not kept."""

    members: Mapping[str, tuple[str, ...]]

    def content_hash(self) -> str:
        """What enters identity."""
        return hash_facts(sorted(self.members.items()))


def forgotten_files(forgotten: Forgotten, sources: SourceLock) -> ForgottenFiles | None:
    """The forgotten ones among the source files; None when there is none."""
    whole = [one for one in forgotten.documents if one.source == one.file]
    names, contents = {one.source for one in whole}, {one.sha256 for one in whole} - {""}
    found = {
        file.source: BY_NAME if file.source in names else BY_CONTENT
        for file in sources.files
        if file.source in names or file.sha256 in contents
    }
    return ForgottenFiles(found) if found else None


def forgotten_members(forgotten: Forgotten, sources: SourceLock) -> ForgottenMembers | None:
    """The forgotten members of source files; None when there is none."""
    members = [one for one in forgotten.documents if one.source != one.file]
    if not members:
        return None
    by_file: dict[str, list[ForgottenDocument]] = {}
    for one in members:
        for key in {one.file, one.sha256} - {""}:
            by_file.setdefault(key, []).append(one)
    found: dict[str, tuple[str, ...]] = {}
    for file in sources.files:
        held = [*by_file.get(file.source, ()), *by_file.get(file.sha256, ())]
        names = {name for one in held if (name := one.name_in(file.source, file.sha256))}
        if names:
            found[file.source] = tuple(sorted(names))
    return ForgottenMembers(found) if found else None


def is_forgotten(source: str, names: Container[str]) -> bool:
    """Whether a document is one of these, or stands inside one."""
    return any(name in names for name in names_around(source))
