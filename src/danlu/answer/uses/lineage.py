"""What was made from what: the artifacts behind one, and an order in which inputs come first."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from danlu.core.artifacts import Artifact
from danlu.core.errors import UserError
from danlu.core.store import Store


def line_of(store: Store, artifact: Artifact) -> list[Artifact]:
    """An artifact, such as a release, with everything that it was made from and that is still there."""
    found: dict[str, Artifact] = {}
    waiting = [artifact]
    while waiting:
        artifact = waiting.pop()
        found[artifact.id] = artifact
        for id in artifact.manifest.parents.values():
            if not id.startswith("sha256:") and id not in found:
                with suppress(UserError):  # purged, or deleted: what it led to is still known by its own rows
                    waiting.append(store.find(id))
    return list(found.values())


def inputs_first(artifacts: Iterable[Artifact]) -> Iterator[Artifact]:
    """Each artifact after those of the others that it was made from."""
    by_id = {artifact.id: artifact for artifact in artifacts}
    seen: set[str] = set()

    def visit(id: str) -> Iterator[Artifact]:
        if id in by_id and id not in seen:
            seen.add(id)
            for parent in by_id[id].manifest.parents.values():
                yield from visit(parent)
            yield by_id[id]

    for id in by_id:
        yield from visit(id)
