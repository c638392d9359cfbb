"""What the user asks to have proven, checked where a typing mistake can be told at once, and what is read only when needed."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.core.errors import Phrase, UserError
from danlu.prove.adapted import AdaptedFolder
from danlu.prove.folder import ModelFolder, open_folder
from danlu.text.waivers import Waivers

if TYPE_CHECKING:
    from danlu.prove.rows.dumps import Dump
    from danlu.prove.trainers.trainer import Trainer
    from danlu.text.rows.rows import Conversation, Rows

_SAMPLED_TEXTS = 32
_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}(/|$)|localhost(/|$)", re.ASCII)
"""An address as browsers take it, without http:// before it."""


@dataclass(frozen=True)
class Request:
    """The command line of `danlu prove`. Paths as the user gave them; nothing is opened yet."""

    checkpoint: Path
    base: Path | None = None
    adapter: Path | None = None
    data: Path | None = None
    template: str | None = None
    """`TOOL:NAME` or `TOOL:CONFIGURATION`."""
    tokens: Path | None = None
    evaluation: Path | None = None
    waive: Path | None = None
    against: str | None = None
    """A URL, a GGUF or ONNX file, or a folder."""
    model: str | None = None
    """The name to ask the server for."""
    key: str | None = None
    """The server's key."""
    allow_remote_code: bool = False
    only: str | None = None
    """The name of a check, or of a group of checks."""
    threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a path that is not there, and for an address that is none."""
        named = {"--data": self.data, "--tokens": self.tokens, "--eval": self.evaluation, "--waive": self.waive}
        if self.against and not self.is_served:
            _refuse_addresses(self.against)
            named["--against"] = Path(self.against)
        for option, path in named.items():
            if path is not None and not path.exists():
                raise UserError("{option} {path}: no such file", "correct the path", option=option, path=path)

    @property
    def is_served(self) -> bool:
        """Whether `against` is a server."""
        return bool(self.against) and str(self.against).lower().startswith(("http://", "https://"))


def _refuse_addresses(against: str) -> None:
    """What is meant as a server's address, and is taken for a file's path."""
    scheme, mark, _ = against.partition("://")
    if mark:
        raise UserError(
            "--against {scheme}://…: servers are asked by http:// or https:// alone",
            "give the address of an OpenAI-compatible server, or the path of a file or folder on this machine",
            scheme=scheme,
        )
    if _HOST.match(against) and not Path(against).exists():
        raise UserError(
            "--against {address}: no such file", "a server's address begins with http://: http://{address}", address=against
        )  # fmt: skip


class Subject:
    """What a request names, opened when a check first asks for it; what cannot be read raises UserError there.

    `folder` is the checkpoint, `whole` the model that is served of it: an adapter stands upon its base there. `trainer` is how --template says that conversations were written, `waivers` what --waive accepts.
    """

    def __init__(self, request: Request, waivers: Waivers) -> None:
        """Raises UserError for a folder that is no model, or not the kind that its option names, and for an unknown trainer or template."""
        self.request = request
        self.waivers = waivers
        self.folder = self._open(request.checkpoint)
        self.base = self._open_as("--base", request.base, "config.json") if request.base else None
        self.adapter = self._open_as("--adapter", request.adapter, "adapter_config.json") if request.adapter else None
        self.whole = AdaptedFolder(request.checkpoint, request.allow_remote_code, base=self.base) if self.base and self.folder.is_adapter else self.folder  # fmt: skip
        # A misspelt name is told before any work.
        self.trainer = self._trainer()
        self.unread: UserError | None = None
        """Why rows, or their dump, could not be read when a check asked for them."""

    @cached_property
    def rows(self) -> "Rows | None":
        """The conversations of --data."""
        from danlu.text.rows.rows import read_rows

        return read_rows(self.request.data) if self.request.data else None

    @property
    def lacks_tokenizer(self) -> bool:
        """Whether it is an adapter alone, as PEFT writes it: the tokenizer lies with its base."""
        whole = self.whole
        return whole.is_adapter and not (whole.has_tokenizer or whole.tokenizer_config)

    @property
    def conversations(self) -> "tuple[Conversation, ...]":
        """Those of --data for checks that only sample them: none where the file cannot be read, which `unread` keeps."""
        try:
            return self.rows.conversations if self.rows else ()
        except UserError as error:
            self.unread = self.unread or error
            return ()

    def _trainer(self) -> "Trainer | None":
        from danlu.prove.trainers.once import written_once
        from danlu.prove.trainers.resolve import resolve

        return written_once(resolve(self.request.template)) if self.request.template else None

    @property
    def dump(self) -> "Dump | None":
        """The token dump of --tokens; None where it cannot be read, which `unread_dump` keeps."""
        return self._read_dump[0]

    @property
    def unread_dump(self) -> UserError | None:
        """Why the token dump of --tokens cannot be read."""
        return self._read_dump[1]

    @cached_property
    def _read_dump(self) -> "tuple[Dump | None, UserError | None]":
        from danlu.prove.rows.dumps import read_dump

        path, folder = self.request.tokens, self.whole
        if path is None or folder.kind in ("encoder", "seq2seq") or not _has_tokenizer(folder):
            return None, None
        try:
            return read_dump(path, folder), None
        except UserError as error:
            self.unread = self.unread or error
            return None, error

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """A sample of the user's conversations as plain text, to compare models on."""
        from danlu.prove.models import sample_texts

        return sample_texts(self.conversations, _SAMPLED_TEXTS, self.request.seed)

    def _open_as(self, option: str, path: Path, wanted: str) -> ModelFolder:
        folder = self._open(path)
        if (path / wanted).is_file():
            return folder
        raise UserError(
            "{option} {path} has no {wanted}: this is {kind}",
            "give the model that the adapter was trained on"
            if option == "--base"
            else "give the folder that PEFT wrote",
            option=option,
            path=path,
            wanted=wanted,
            kind=_kind(path),
        )

    def _open(self, path: Path) -> ModelFolder:
        return open_folder(path, allow_remote_code=self.request.allow_remote_code)


def _has_tokenizer(folder: ModelFolder) -> bool:
    """Whether a model's tokenizer loads; why it does not, the checks say that need it themselves."""
    try:
        return folder.tokenizer is not None
    except UserError:
        return False


def _kind(path: Path) -> Phrase:
    """What a folder holds, for one that took it for something else."""
    if (path / "config.json").is_file():
        return Phrase("a model")
    if (path / "adapter_config.json").is_file():
        return Phrase("an adapter")
    inside = sorted(child.name for child in path.iterdir())[:5]
    return Phrase("a folder with {inside}", inside=", ".join(inside))
