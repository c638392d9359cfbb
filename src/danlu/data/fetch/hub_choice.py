"""Which files of a data set are fetched: those that hold data, of the configuration and the split that were asked for.

A card may list its configurations with patterns of paths (huggingface.co/docs/hub/datasets-manual-configuration); where
it lists none, a folder is a configuration and a word of the path is the split.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from danlu.core.errors import UserError
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.hub import DataSet

_DATA = re.compile(
    r"\.(?:parquet|jsonl?|ndjson|csv|tsv|txt|arrow|xml|html?|warc|wet|zip|tar|tgz|pdf|docx|epub|md|markdown|xlsx)"
    r"(?:\.(?:gz|zst|zstd|bz2|xz))?$",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"(?:readme|license|licence|citation|changelog|dataset_infos|dataset_dict|state)\b", re.IGNORECASE)


def chosen(
    files: Sequence[RemoteFile], asked: DataSet, card: Mapping[str, Any]
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
    wanted = {file.path for file in kept}
    left_out |= {file.path: "not asked for" for file in data if file.path not in wanted}
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
