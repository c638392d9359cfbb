"""The store of vectors that danlu.yaml's `vectors` names: opened, not yet asked anything, so that one that is down stops nothing.

Passwords: libpq reads PGPASSWORD and ~/.pgpass by itself; QDRANT_API_KEY is read here.
"""

import hashlib
import os
import re

from danlu.core.errors import UserError
from danlu.core.project import PROJECT_FILE, Project
from danlu.retrieve.outside.qdrant import QdrantVectors
from danlu.retrieve.outside.stores import VectorStore

_LONGEST_SLUG = 40
"""Characters of the project's name in a table's: PostgreSQL cuts names at 63 bytes."""


def open_store(project: Project) -> VectorStore | None:
    """The store; None where the vectors are in memory. Raises UserError when its driver is missing, or for an address of none."""
    if not project.vectors:
        return None
    if project.vectors.startswith("http"):
        return QdrantVectors(project.vectors, table_of(project.name), os.environ.get("QDRANT_API_KEY", ""))
    try:
        import psycopg

        from danlu.retrieve.outside.pgvector import PgVectors
    except ImportError:
        raise UserError("Vectors in PostgreSQL need the package psycopg", "pip install 'danlu[pgvector]'") from None
    try:
        return PgVectors(project.vectors, table_of(project.name))
    except psycopg.ProgrammingError:
        raise UserError(
            "{file}: `vectors` is an address that PostgreSQL's library cannot read",
            "Expected postgresql://USER@HOST:PORT/DATABASE; signs in a password are written as %40.",
            file=PROJECT_FILE,
        ) from None


def table_of(name: str) -> str:
    """The table or the collection of a project of this name: its letters and digits, and a hash that tells 手册 from 文档."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST_SLUG]
    return f"danlu_{slug}_{hashlib.sha256(name.encode()).hexdigest()[:8]}".replace("__", "_")
