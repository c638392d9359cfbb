"""A model folder as any tool writes it: its configuration files and its tokenizer beside its weights, each read when asked for.

Nothing here runs code from the folder unless that was allowed, and pickle files are never opened.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.library_errors import first_words
from danlu.prove.weight_folder import ADAPTER, INDEX, WEIGHTS, WeightFolder

JSON_FILES = (
    "config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "adapter_config.json", "chat_template.json", INDEX,
)  # fmt: skip
"""What loaders read beside the weights. tokenizer.json is read by its own library."""
ENCODERS = ("MaskedLM", "SequenceClassification", "TokenClassification", "QuestionAnswering", "PreTraining")
_TEMPLATES = ("tokenizer_config.json", "chat_template.json")
"""Files that may hold a chat template beside chat_template.jinja."""
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class ModelFolder(WeightFolder):
    """A checkpoint folder; reading is lazy, and what cannot be read raises UserError where it is asked for."""

    allow_remote_code: bool = False

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json; empty when there is none (an adapter, or a tokenizer alone)."""
        return self.read_json("config.json")

    @cached_property
    def generation_config(self) -> dict[str, Any]:
        """generation_config.json; empty when there is none."""
        return self.read_json("generation_config.json")

    @cached_property
    def tokenizer_config(self) -> dict[str, Any]:
        """tokenizer_config.json; empty when there is none."""
        return self.read_json("tokenizer_config.json")

    @cached_property
    def adapter_config(self) -> dict[str, Any]:
        """adapter_config.json of PEFT; empty when the folder holds no adapter."""
        return self.read_json("adapter_config.json")

    @property
    def is_adapter(self) -> bool:
        """Whether it holds an adapter and no model."""
        return bool(self.adapter_config) and not self.config

    @cached_property
    def kind(self) -> str:
        """`causal`, `seq2seq`, `encoder`, `unknown`, or an empty string when there is no config.json."""
        if not self.config:
            return ""
        architecture = self.architecture
        if self.config.get("is_encoder_decoder"):
            return "seq2seq"
        if any(head in architecture for head in ENCODERS) or architecture in ("BertModel", "RobertaModel"):
            return "encoder"
        return "causal" if "CausalLM" in architecture or "LMHead" in architecture else "unknown"

    @cached_property
    def architecture(self) -> str:
        """The model class that config.json names first; empty when it names none."""
        named = self.config.get("architectures")
        return named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""

    def number(self, name: str) -> int | None:
        """A whole number that config.json declares, in models of several parts in their text part; None when it does not."""
        part = self.config.get("text_config")
        values = (self.config.get(name), part.get(name) if isinstance(part, dict) else None)
        return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)

    @property
    def has_tokenizer(self) -> bool:
        """Whether tokenizer files lie here: PEFT writes none beside an adapter, TRL does."""
        return any((self.path / name).is_file() for name in _TOKENIZERS)

    def tokenizer_part(self, name: str) -> dict[str, Any]:
        """One JSON file of the tokenizer; empty when there is none. Raises UserError when it is no JSON."""
        return self.read_json(name)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer as Transformers loads it.

        Raises UserError when there is none, it does not load, or it is code of the folder that was not allowed: Transformers
        would take another class for it without a word.
        """
        if self.tokenizer_code and not self.allow_remote_code:
            raise UserError(
                "{path}: the tokenizer wants to run code: {name}",
                "read that code, then allow it with --allow-remote-code",
                path=self.path,
                name=self.tokenizer_code,
            )
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(
                self.path, local_files_only=True, trust_remote_code=self.allow_remote_code
            )
        except Exception as error:  # noqa: BLE001  # whatever a tokenizer's own class raises is said to the user
            raise self._without_tokenizer(error) from None

    def _without_tokenizer(self, error: Exception) -> UserError:
        """What is said of a tokenizer that does not load. Loading one reads config.json first, whose faults are not its own."""
        from transformers import AutoConfig

        problem, of_config = first_words(error), ""
        try:
            AutoConfig.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
        except Exception as other:  # noqa: BLE001  # as above
            of_config = first_words(other)
        if self.config and problem == of_config:
            return UserError(
                "{path}: config.json does not load, and without it no tokenizer: {problem}",
                "correct the field of config.json that is named here",
                path=self.path,
                problem=problem,
            )
        return UserError(
            "{path}: the tokenizer does not load: {problem}",
            "tokenizer.json and tokenizer_config.json, as save_pretrained writes them, are expected",
            path=self.path,
            problem=problem,
        )

    @cached_property
    def tokenizer_code(self) -> str:
        """The class of the folder's own code that is to read its tokenizer; empty when there is none."""
        named = self.tokenizer_config.get("auto_map")
        named = named.get("AutoTokenizer") if isinstance(named, dict) else named
        classes = named if isinstance(named, list) else [named]
        return next((name for name in reversed(classes) if isinstance(name, str)), "")

    @cached_property
    def chat_template(self) -> str:
        """The chat template's source as Transformers takes it; empty when the folder has none."""
        return next(iter(self.chat_templates.values()), "")

    @cached_property
    def chat_templates(self) -> dict[str, str]:
        """The sources of chat templates by file, in the order in which Transformers prefers them.

        Raises UserError for a template that is no text.
        """
        found = {name: _default_template(self.read_json(name).get("chat_template")) for name in _TEMPLATES}
        path = self.path / "chat_template.jinja"
        if path.is_file():
            try:
                return {path.name: path.read_text(encoding="utf-8")} | {n: text for n, text in found.items() if text}
            except UnicodeDecodeError as error:
                raise UserError("{path} is not UTF-8: {problem}", path=path, problem=error) from None
        return {name: text for name, text in found.items() if text}

    def unreadable(self) -> UserError | None:
        """The first configuration or tokenizer file that is there and cannot be read; None when all can."""
        try:
            for name in JSON_FILES:
                self.read_json(name)
        except UserError as error:
            return error
        path = self.path / "tokenizer.json"
        if path.is_file():
            from tokenizers import Tokenizer

            try:
                Tokenizer.from_file(str(path))
            except Exception as error:  # noqa: BLE001  # the library raises nothing narrower
                return UserError("{path} does not load: {problem}", path=path, problem=first_words(error))
        return None


def _default_template(source: Any) -> str:
    """The template of a `chat_template` field; of several, by name, the one that is called default."""
    if isinstance(source, list):
        named = {entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)}
        source = named.get("default")
    return source if isinstance(source, str) else ""


def open_folder(path: Path, *, allow_remote_code: bool = False) -> ModelFolder:
    """A model, an adapter, or at least a tokenizer. Raises UserError for a folder that holds none of them."""
    if not path.is_dir():
        raise UserError("{path}: no such folder", "name the folder that holds config.json or adapter_config.json", path=path)  # fmt: skip
    folder = ModelFolder(path, allow_remote_code)
    parts = ("config.json", "adapter_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model")
    weights = folder.pickles or folder.shards or any((path / name).is_file() for name in (WEIGHTS, ADAPTER))
    if not weights and not any((path / name).is_file() for name in parts):
        inside = sorted(child.name for child in path.iterdir())[:5]
        raise UserError(
            "{path} holds no model, adapter or tokenizer, but {inside}",
            "name the folder that holds config.json or adapter_config.json",
            path=path,
            inside=", ".join(inside) or "nothing",
        )
    return folder
