"""Where a remote is, as one address: a folder, s3://bucket/path, oss://bucket/path, ssh://user@host:port/path, or what else DVC knows.

Options of DVC's remote (`dvc remote modify`) follow as a query, such as s3://bucket/path?endpointurl=http://minio:9000. Secrets do
not: an address stands in danlu.yaml and in shells' histories, so keys come from the environment, the cloud's own
credentials file, or ssh's agent and keys.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from danlu.core.errors import UserError
from danlu.core.library_errors import first_words

_SECRETS = ("password", "secret", "token", "access_key", "key_id", "sas", "connection_string", "passphrase")
_PACKAGES = {
    "s3": "dvc-s3",
    "oss": "dvc-oss",
    "ssh": "dvc-ssh",
    "gs": "dvc-gs",
    "azure": "dvc-azure",
    "hdfs": "dvc-hdfs",
}


@dataclass(frozen=True)
class Remote:
    """An opened remote."""

    address: str
    """As it may be shown: without its options."""
    fs: Any
    """DVC's file system."""
    root: str
    objects: Any
    """DVC's object database below `root`: files/md5/..."""

    def pointer(self, id: str) -> str:
        """Where the .dvc file of an artifact lies."""
        return str(self.fs.join(self.root, "danlu", f"{id}.dvc"))


def open_remote(address: str, base: Path, tmp: Path) -> Remote:
    """Open a remote; relative folders are below `base`, and DVC may write to `tmp`. Nothing is sent yet.

    Raises UserError for an address that is none, that holds a secret, or whose package is missing.
    """
    try:
        from dvc.config import ConfigError
        from dvc.fs import get_cloud_fs
        from dvc_data.hashfile.db import get_odb
        from dvc_objects.fs.errors import RemoteMissingDepsError
    except ImportError:
        raise UserError("Remotes need the package dvc", "pip install 'danlu[remote]'") from None
    url, options = _parts(address, base)
    try:
        kind, config, root = get_cloud_fs({}, url=url, **options)
        fs = kind(**config)
    except (RemoteMissingDepsError, ImportError):
        scheme = urlsplit(url).scheme
        raise UserError(
            "Remotes at {scheme}:// need the package {package}",
            "pip install {package}",
            scheme=scheme,
            package=_PACKAGES.get(scheme, "dvc"),
        ) from None
    except (ConfigError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            "{address} is no remote that DVC knows: {problem}",
            "A folder, s3://bucket/path, oss://bucket/path or ssh://user@host/path is expected.",
            address=url,
            problem=first_words(error),
        ) from None
    objects = get_odb(fs, fs.join(root, "files", "md5"), hash_name="md5", tmp_dir=str(tmp))  # type: ignore[no-untyped-call]
    return Remote(url, fs, root, objects)


def _parts(address: str, base: Path) -> tuple[str, dict[str, str]]:
    """The bare address, and the options behind it."""
    parsed = urlsplit(address)
    if not parsed.scheme or parsed.scheme == "file":
        path = Path(parsed.path if parsed.scheme else address).expanduser()
        return str(path if path.is_absolute() else (base / path).resolve()), {}
    options = dict(parse_qsl(parsed.query))
    secret = next((name for name in options if any(part in name.lower() for part in _SECRETS)), None)
    if secret or parsed.password:
        raise UserError(
            "The address of the remote holds a secret ({name})",
            "Leave it out: keys are read from the environment, from the cloud's credentials file or from ssh's keys.",
            name=secret or "password",
        )
    return parsed._replace(query="").geturl(), options
