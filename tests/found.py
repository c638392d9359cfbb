"""What lies in a folder that another process writes at this moment."""

from pathlib import Path


def found(folder: Path, pattern: str) -> set[Path]:
    """The paths below `folder` like `pattern`; none while a folder on the way is made, renamed or removed."""
    try:
        return set(folder.glob(pattern))
    except FileNotFoundError:
        return set()
