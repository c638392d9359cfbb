"""Base models from a hub: `hf:OWNER/NAME[@REVISION]` and `ms:OWNER/NAME[@REVISION]`.

The first use asks the hub what the revision is and writes it down; from then on the model is read from the user's cache and
no hub is asked again, so that a run of tomorrow is the run of today, and works without a network. Another state of
the model is another `@REVISION`.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_facts, hash_file
from danlu.core.progress import Progress, Silent
from danlu.model import hub_hugging_face, hub_model_scope
from danlu.model.base_model import BaseFiles
from danlu.model.hub_access import HOMES, endpoints, headers, tokens
from danlu.model.hub_files import HubFile, Listing
from danlu.model.hub_web import Hub

SCHEMES = ("hf", "ms")
_NAME = re.compile(r"(?P<id>[\w-][\w.-]*/[\w-][\w.-]*)(?:@(?P<revision>[\w-][\w./-]*))?")
_RECORD = "listing.json"
_ON = frozenset({"1", "on", "yes", "true"})


@dataclass(frozen=True)
class Hubs:
    """How this user reaches the hubs, and where models are kept."""

    cache: Path
    endpoints: Mapping[str, str] = field(default_factory=lambda: HOMES)
    tokens: Mapping[str, str] = field(default_factory=dict)
    is_offline: bool = False
    wait_s: float = 0.5
    """Before a second try."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Hubs":
        """From the variables of the hubs' own clients: endpoints, tokens, offline mode, and XDG_CACHE_HOME."""
        home = Path(environment.get("HOME", "~")).expanduser()
        is_offline = any(
            environment.get(name, "").lower() in _ON for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
        )
        cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "danlu" / "models"
        return cls(cache, endpoints(environment), tokens(environment), is_offline)


@dataclass(frozen=True)
class HubBase(BaseFiles):
    """A base model of a hub. Its weights are downloaded by `fetch`; what identifies them is known before."""

    revision: str = ""
    """The commit that it was pinned to."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Of each file, by name: what the hub says, checked on arrival."""
    bring: Callable[[Progress], None] = lambda _: None

    def content_hash(self) -> str:
        """The same as of a folder with the same files."""
        return hash_facts(sorted(self.sha256.items()))

    def fetch(self, progress: Progress) -> None:
        """Download what is missing."""
        self.bring(progress)

    @property
    def note(self) -> str:
        """What was asked for, and at which commit it was pinned."""
        return f"{self.spec.partition('@')[0]}@{self.revision}"


def resolve_hub(spec: str, hubs: Hubs) -> HubBase:
    """Pin a model and fetch all but its weights. Raises UserError or WorkFailed, each with what to do."""
    model = _Model.of(spec, hubs)
    model.home.mkdir(parents=True, exist_ok=True)
    with _alone(model.home):
        listing, folder = model.listing()
        small = [file for file in listing.files if not file.name.endswith(".safetensors") or not file.sha256]
        listing = model.bring(listing, folder, small, Silent())
    known = {file.name: file.sha256 for file in listing.files}

    def bring(progress: Progress) -> None:
        with _alone(model.home):
            model.bring(listing, folder, listing.files, progress)
            _check_whole(spec, listing, folder)

    files = tuple(folder / file.name for file in listing.files)
    return HubBase(spec, files, listing.licence, folder, listing.revision, known, bring)


@dataclass(frozen=True)
class _Model:
    """One model of a hub, and its place in the cache."""

    scheme: str
    id: str
    revision: str
    hub: Hub
    home: Path
    is_offline: bool

    @classmethod
    def of(cls, spec: str, hubs: Hubs) -> "_Model":
        scheme, _, place = spec.partition(":")
        match = _NAME.fullmatch(place)
        if match is None or ".." in place:
            raise UserError(
                "{spec!r} does not name a model of a hub",
                "The form is {scheme}:OWNER/NAME, with @REVISION behind it where one is wanted.",
                spec=spec,
                scheme=scheme,
            )
        hub = Hub(
            spec,
            hubs.endpoints[scheme],
            headers(scheme, hubs.tokens.get(scheme, "")),
            "HF" if scheme == "hf" else "MODELSCOPE",
            wait_s=hubs.wait_s,
        )
        home = hubs.cache / scheme / match["id"].replace("/", "--")
        return cls(scheme, match["id"], match["revision"] or "", hub, home, hubs.is_offline)

    def listing(self) -> tuple[Listing, Path]:
        """What the model is, from the cache where it was asked before, and the folder of its files."""
        pins = _read_json(self.home / "pins.json")
        commit = pins.get(self.revision, self.revision)
        known = _read_listing(self.home / commit / _RECORD) if commit else None
        if known:
            return known, self.home / commit
        if self.is_offline:
            raise WorkFailed(
                "{spec} is not in the cache {cache}, and the environment says to use no hub",
                "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, or copy the model by hand and write base: path:FOLDER",
                spec=self.hub.spec,
                cache=self.home,
            )
        ask = hub_hugging_face.list_hugging_face if self.scheme == "hf" else hub_model_scope.list_model_scope
        listing = ask(self.hub, self.id, self.revision)
        folder = self.home / listing.revision.replace("/", "--")
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / _RECORD, asdict(listing))
        _write_json(self.home / "pins.json", {**pins, self.revision: folder.name})
        return listing, folder

    def bring(
        self, listing: Listing, folder: Path, wanted: list[HubFile] | tuple[HubFile, ...], progress: Progress
    ) -> Listing:
        """Download what is missing of `wanted`; returns the listing with the hash of each of them."""
        missing = [file for file in wanted if not _is_there(folder / file.name, file.size_bytes)]
        if not missing:
            return listing
        if self.is_offline:
            raise WorkFailed(
                "{spec}: {count} files are missing in the cache {cache}, and the environment says to use no hub",
                "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE: the download continues where it was.",
                spec=self.hub.spec,
                count=len(missing),
                cache=folder,
            )
        total, done, hashes = sum(file.size_bytes for file in missing), 0, {}
        _check_space(folder, total, self.hub.spec)
        url_of = hub_hugging_face.url_of if self.scheme == "hf" else hub_model_scope.url_of
        for file in missing:
            told = _Told(progress, done, total, file.name)
            url = url_of(self.hub, self.id, listing.revision, file.name)
            hashes[file.name] = self.hub.download(url, file, folder, told.seen)
            done += file.size_bytes
        files = [replace(file, sha256=hashes.get(file.name, file.sha256)) for file in listing.files]
        listing = replace(listing, files=tuple(files))
        _write_json(folder / _RECORD, asdict(listing))
        return listing


@dataclass(frozen=True)
class _Told:
    """Tells of a download in megabytes."""

    progress: Progress
    before_bytes: int
    total_bytes: int
    name: str

    def seen(self, file_bytes: int) -> None:
        self.progress.advance((self.before_bytes + file_bytes) >> 20, (self.total_bytes >> 20) or 1, self.name)


def _is_there(path: Path, size_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == size_bytes


def _check_whole(spec: str, listing: Listing, folder: Path) -> None:
    """Read every file again: a cache is old, and disks lose bytes."""
    for file in listing.files:
        if hash_file(folder / file.name) != file.sha256:
            (folder / file.name).unlink()
            raise WorkFailed(
                "{spec}: {path} is no longer what was downloaded, and was deleted",
                "The same command downloads it again.",
                spec=spec,
                path=folder / file.name,
            )


def _check_space(folder: Path, needed_bytes: int, spec: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise WorkFailed(
            "{spec} needs {needed} MB in {folder}, and {free} MB are free",
            "Make room, or set XDG_CACHE_HOME to a larger disk.",
            spec=spec, needed=needed_bytes >> 20, folder=folder, free=free >> 20,
        )  # fmt: skip


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process at a time downloads a model; the next one finds it there."""
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_listing(path: Path) -> Listing | None:
    facts = _read_json(path)
    if not facts:
        return None
    return Listing(facts["revision"], facts["licence"], tuple(HubFile(**file) for file in facts["files"]))


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def _write_json(path: Path, facts: object) -> None:
    """Replace a file whole: a reader sees the old one or the new one."""
    half = path.with_name(f"{path.name}.part")
    half.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    half.replace(path)
