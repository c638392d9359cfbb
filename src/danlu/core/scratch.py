"""A folder for what one stand-alone run makes on its way. It goes with the run; a killed run's goes with the next one."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.store import only_writer


@contextmanager
def scratch_of(id: str, root: Path) -> Iterator[Path]:
    """A folder below `root` named by the artifact that is made, so that a killed run is resumed; raises UserError when another run makes the same."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / id
    with ExitStack() as held:
        with _turn(root):
            _sweep(root, folder)
            held.enter_context(only_writer(folder))
        try:
            yield folder
        finally:
            with _turn(root):
                shutil.rmtree(folder)


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    """Folders come and go one run at a time: a lock inside a folder cannot guard the folder's own end."""
    with (root / "turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(root: Path, own: Path) -> None:
    for left in root.iterdir():
        if left.is_dir() and left != own:
            with suppress(UserError), only_writer(left):  # held by a run that is alive
                shutil.rmtree(left)
