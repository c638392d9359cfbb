"""Data sets of Hugging Face and ModelScope: which files they have, at which commit, under which licence.

Plain HTTP, since both hubs' interfaces are three requests: what the data set is, which files it has, one file. The
revision is pinned to a commit before anything is downloaded, so that a fetch that is continued tomorrow is one
data set and not two. Endpoints: huggingface.co/docs/hub/api; ModelScope as its own client asks it.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode

from danlu.core.errors import UserError, WorkFailed
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.licences import licence_of_card
from danlu.data.fetch.web import NoResponse, Response, Web

_NAME = re.compile(
    r"(?P<id>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+?))?(?:/(?P<split>[\w.-]+))?"
)
_DATA = re.compile(
    r"\.(?:parquet|jsonl?|ndjson|csv|tsv|txt|arrow|xml|html?|warc|wet|zip|tar|tgz|pdf|docx|epub|md|markdown|xlsx)"
    r"(?:\.(?:gz|zst|zstd|bz2|xz))?$",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"(?:readme|license|licence|citation|changelog|dataset_infos|dataset_dict|state)\b", re.IGNORECASE)
_PAGE_BYTES = 64 * 2**20
_PAGE_FILES = 100


@dataclass(frozen=True)
class DataSet:
    """What was asked for: `hf:owner/name[:config][@revision][/split]`."""

    id: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None

    @classmethod
    def of(cls, text: str, scheme: str) -> "DataSet":
        """Read what follows `hf:` or `ms:`; raises UserError that shows the form."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise UserError(
                "{source} does not name a data set",
                "The form is {scheme}:owner/name, with :configuration, @revision and /split behind it where needed.",
                source=f"{scheme}:{text}",
                scheme=scheme,
            )
        return cls(**match.groupdict())


@dataclass(frozen=True)
class Listing:
    """A data set as its hub has it at one commit."""

    revision: str
    licence: str
    files: tuple[RemoteFile, ...]
    left_out: Mapping[str, str]
    """Files that are no data, or were not asked for: path and reason."""


async def list_hugging_face(
    web: Web, endpoint: str, asked: DataSet, revision: str | None, token: str | None
) -> Listing:
    """The files of a data set on Hugging Face, or on a mirror that speaks the same; `revision` pins it."""
    hub = _Hub(web, endpoint.rstrip("/"), asked.id, {"Authorization": f"Bearer {token}"} if token else {}, "HF")
    about = await hub.json(f"/api/datasets/{asked.id}/revision/{quote(revision or asked.revision or 'main', safe='')}")
    commit = str(about["sha"])
    card = about.get("cardData") or {}
    entries = await hub.pages(f"/api/datasets/{asked.id}/tree/{commit}?recursive=true")
    files = [
        RemoteFile(
            entry["path"], f"{hub.endpoint}/datasets/{asked.id}/resolve/{commit}/{quote(entry['path'])}", entry["size"],
            sha256=(entry.get("lfs") or {}).get("oid"), git_sha1=None if entry.get("lfs") else entry.get("oid"),
        )
        for entry in entries if entry["type"] == "file"
    ]  # fmt: skip
    wanted, left_out = _chosen(files, asked, card)
    return Listing(commit, licence_of_card(card.get("license")), wanted, left_out)


async def list_model_scope(web: Web, endpoint: str, asked: DataSet, revision: str | None, token: str | None) -> Listing:
    """The files of a data set on ModelScope."""
    hub = _Hub(web, endpoint.rstrip("/"), asked.id, {"Cookie": f"m_session_id={token}"} if token else {}, "MODELSCOPE")
    base = f"/api/v1/datasets/{asked.id}"
    about = (await hub.json(base))["Data"]
    name = asked.revision or "master"
    commit = revision or await _model_scope_commit(hub, base, name)
    found: list[dict[str, Any]] = []
    while True:
        page = {"Revision": commit, "Root": "/", "Recursive": "True"}
        page |= {"PageNumber": str(len(found) // _PAGE_FILES + 1), "PageSize": str(_PAGE_FILES)}
        files = (await hub.json(f"{base}/repo/tree?{urlencode(page)}"))["Data"].get("Files") or []
        found += files
        if len(files) < _PAGE_FILES:
            break
    remote = [
        RemoteFile(
            entry["Path"], f"{hub.endpoint}{base}/repo?{urlencode({'Revision': commit, 'FilePath': entry['Path']})}",
            entry.get("Size"), sha256=entry.get("Sha256") or None,
        )
        for entry in found if entry.get("Type") != "tree"
    ]  # fmt: skip
    wanted, left_out = _chosen(remote, asked, {})
    return Listing(commit, licence_of_card(about.get("License")), wanted, left_out)


async def _model_scope_commit(hub: "_Hub", base: str, name: str) -> str:
    """The newest commit of a branch. A hub that tells none is read by the branch's name: checksums still hold each file."""
    try:
        commits = (await hub.json(f"{base}/commits/{quote(name, safe='')}?PageNumber=1&PageSize=1"))["Data"]
        return str(commits["Commit"][0]["Id"])
    except (UserError, KeyError, IndexError, TypeError):
        return name


@dataclass(frozen=True)
class _Hub:
    web: Web
    endpoint: str
    id: str
    headers: dict[str, str]
    variable: str

    async def json(self, path: str) -> Any:
        return json.loads((await self._get(self.endpoint + path)).body)

    async def pages(self, path: str) -> list[dict[str, Any]]:
        """A list that comes in pages, the next one named by the Link header."""
        url: str | None = self.endpoint + path
        found: list[dict[str, Any]] = []
        while url:
            response = await self._get(url)
            found += json.loads(response.body)
            link = re.search(r'<([^>]+)>\s*;\s*rel="?next', response.header("link"))
            url = link.group(1) if link else None
        return found

    async def _get(self, url: str) -> Response:
        try:
            response = await self.web.follow(url, _PAGE_BYTES, self.headers)
        except NoResponse as problem:
            raise WorkFailed(
                "{endpoint} cannot be reached: {problem}",
                "Without the internet: set {variable}_ENDPOINT to a mirror in your network (with --allow-private), or copy"
                " the files by hand and name their folder: danlu clean FOLDER --out corpus.",
                endpoint=self.endpoint, problem=problem.phrase(), variable=self.variable,
            ) from None  # fmt: skip
        if response.status in (401, 403):
            raise UserError(
                "{id} is private, gated, or not there: status {status}",
                "Accept its terms on its page, then set {variable}_TOKEN to your access token.",
                id=self.id, status=response.status,
                variable="MODELSCOPE_API" if self.variable == "MODELSCOPE" else self.variable,
            )  # fmt: skip
        if response.status == 404:
            raise UserError(
                "{endpoint} has no data set {id}, or not that revision", "Check the name on its page.",
                endpoint=self.endpoint, id=self.id,
            )  # fmt: skip
        if response.status != 200:
            raise WorkFailed(
                "{endpoint} answered with status {status}",
                "Try again later.",
                endpoint=self.endpoint,
                status=response.status,
            )
        return response


def _chosen(
    files: list[RemoteFile], asked: DataSet, card: Mapping[str, Any]
) -> tuple[tuple[RemoteFile, ...], dict[str, str]]:
    """The data files of the configuration and split that were asked for; the others with the reason."""
    left_out = {file.path: "no data file" for file in files if not _is_data(file.path)}
    data = [file for file in files if file.path not in left_out]
    patterns = _patterns(card)
    config = _config(asked, patterns, data)
    kept = [file for file in data if _belongs(file.path, config, asked.split, patterns)]
    if not kept:
        raise UserError(
            "{id} has no data files for {part}",
            "It has: {paths}",
            id=asked.id,
            part="/".join(filter(None, (config, asked.split))) or "it",
            paths=", ".join(file.path for file in data[:10]),
        )
    chosen = {file.path for file in kept}
    left_out |= {file.path: "not asked for" for file in data if file.path not in chosen}
    return tuple(kept), left_out


def _is_data(path: str) -> bool:
    return _DATA.search(path) is not None and _ABOUT.match(PurePosixPath(path).name) is None


def _patterns(card: Mapping[str, Any]) -> dict[str, list[tuple[str | None, str]]]:
    """By configuration: splits and path patterns, as the card lists them."""
    found: dict[str, list[tuple[str | None, str]]] = {}
    for config in card.get("configs") or []:
        stated = config.get("data_files") or []
        entries = stated if isinstance(stated, list) else [stated]
        pairs = [
            (entry.get("split"), entry.get("path")) if isinstance(entry, dict) else (None, entry) for entry in entries
        ]
        found[str(config.get("config_name", "default"))] = [
            (split, str(path)) for split, paths in pairs for path in (paths if isinstance(paths, list) else [paths])
        ]
    return found


def _config(asked: DataSet, patterns: dict[str, Any], data: list[RemoteFile]) -> str | None:
    known = list(patterns) or sorted({file.path.split("/")[0] for file in data if "/" in file.path})
    if asked.config is None:
        return "default" if "default" in patterns else (known[0] if len(patterns) == 1 else None)
    if asked.config in known:
        return asked.config
    near = difflib.get_close_matches(asked.config, known, n=1, cutoff=0.4)
    raise UserError(
        "{id} has no configuration {config}",
        "Did you mean {near}? It has: {known}.",
        id=asked.id,
        config=asked.config,
        near=near[0] if near else (known or ["-"])[0],
        known=", ".join(known) or "-",
    )


def _belongs(
    path: str, config: str | None, split: str | None, patterns: dict[str, list[tuple[str | None, str]]]
) -> bool:
    if config in patterns:
        return any(
            fnmatchcase(path, pattern.replace("**", "*"))
            and (split is None or named == split or (named is None and _is_split(path, split)))
            for named, pattern in patterns[config]
        )
    return (config is None or path.startswith(f"{config}/")) and (split is None or _is_split(path, split))


def _is_split(path: str, split: str) -> bool:
    """Whether a word of the path is the split's name: data/train-00000-of-00002.parquet."""
    return split in re.split(r"[^A-Za-z0-9]+", path)
