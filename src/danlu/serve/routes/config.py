"""`serve: models:` of danlu.yaml: more names under which models are served.

    serve:
      models:
        deepseek:                     # an outside provider
          provider: deepseek
          model: deepseek-chat
          price: {input: 2, output: 8, cached: 0.5}   # per million tokens
        local-vllm:                   # any server that speaks the OpenAI protocol
          url: http://127.0.0.1:8001/v1
          model: Qwen/Qwen3-4B
        service-desk:                 # a prompt template in front of a model
          prompt: prompts/service-desk.yaml
          model: deepseek
        assistant:                    # the first that answers
          first: [service-desk, local-vllm]

Keys are never written there: `key_variable` names the environment variable that holds one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, cast, get_args

from danlu.core.endpoints import server_of
from danlu.core.errors import Phrase, UserError
from danlu.core.project import check_fields
from danlu.serve.routes.prices import FREE, Price
from danlu.serve.routes.prompt import PromptTemplate
from danlu.serve.routes.upstream.client import Endpoint
from danlu.serve.routes.upstream.pool import Patience
from danlu.serve.routes.upstream.providers import PROVIDERS

_NUMBER = float | int
_Task = Literal["chat", "embedding", "rerank"]
_Fields = Mapping[str, tuple[type | UnionType, Phrase]]
_MODEL: _Fields = {
    "provider": (str, Phrase("one of {names}", names=", ".join(PROVIDERS))),
    "url": (str, Phrase("the address of an OpenAI-compatible server, such as http://127.0.0.1:8001/v1")),
    "model": (str, Phrase("the model's name at the server, or the name of a model served here")),
    "key_variable": (str, Phrase("the name of the environment variable that holds the key")),
    "tokenizer": (str, Phrase("the path of a tokenizer.json, to count tokens by")),
    "price": (dict, Phrase("`input:`, `output:` and `cached:`, each for a million tokens, all in one currency")),
    "seats": (int, Phrase("how many answers at the same time")),
    "retries": (int, Phrase("how many further attempts before the first byte")),
    "timeout_s": (_NUMBER, Phrase("seconds until the first byte of an answer")),
    "extra": (dict, Phrase("`field: value` lines that are added to every request")),
    "personal": (str, Phrase("mask or keep: whether personal data is masked before it leaves")),
    "task": (str, Phrase("chat, embedding or rerank: what the model does")),
    "prompt": (str, Phrase("the path of a prompt template")),
    "first": (list, Phrase("names of models, of which the first that answers counts")),
}
_OF_SERVERS = frozenset(_MODEL) - {"prompt", "first"}
_PRICE: _Fields = {
    "input": (_NUMBER, Phrase("a number")),
    "output": (_NUMBER, Phrase("a number")),
    "cached": (_NUMBER, Phrase("a number")),
}


@dataclass(frozen=True)
class ServerRoute:
    """A model of an outside server."""

    name: str
    endpoint: Endpoint
    model: str
    task: _Task = "chat"
    newer_limit: bool = False
    tokenizer: Path | None = None
    price: Price = FREE
    seats: int = 1_000
    extra: Mapping[str, Any] | None = None
    masks_personal: bool = False
    """Whether personal data is masked before it leaves."""
    renders_template: bool = False
    """Whether marks of chat templates in what callers write could be read as such."""


@dataclass(frozen=True)
class PromptRoute:
    """A template in front of the model that is named."""

    name: str
    template: PromptTemplate
    model: str


@dataclass(frozen=True)
class ChainRoute:
    """The first of these models that answers."""

    name: str
    first: tuple[str, ...]


Route = ServerRoute | PromptRoute | ChainRoute


def read_routes(models: Any, folder: Path, environment: Mapping[str, str]) -> tuple[Route, ...]:
    """The routes of `serve: models:`, whose paths begin at `folder`. Raises UserError that names the field."""
    return tuple(_route(str(name), entry, folder, environment) for name, entry in (models or {}).items())


def _route(name: str, entry: Any, folder: Path, environment: Mapping[str, str]) -> Route:
    where = f"danlu.yaml: serve.models.{name}"
    fields = check_fields(where, entry, _MODEL, needed=())
    kinds = [kind for kind in ("provider", "url", "prompt", "first") if kind in fields]
    if len(kinds) != 1:
        raise UserError("{where} is {found}", "Give it exactly one of provider, url, prompt and first.", where=where, found=" + ".join(kinds) or "-")  # fmt: skip
    if kinds[0] == "first":
        return ChainRoute(name, _names(where, _only(where, fields, {"first"})["first"]))
    if kinds[0] == "prompt":
        _only(where, fields, {"prompt", "model"})
        return PromptRoute(name, PromptTemplate.read(folder / fields["prompt"]), _needed(where, fields, "model"))
    return _server(where, name, _only(where, fields, _OF_SERVERS), folder, environment)


def _only(where: str, fields: dict[str, Any], allowed: frozenset[str] | set[str]) -> dict[str, Any]:
    if others := sorted(fields.keys() - allowed):
        raise UserError("{where}: `{key}` has no meaning here", "The keys are: {keys}.", where=where, key=others[0], keys=", ".join(sorted(allowed)))  # fmt: skip
    return fields


def _needed(where: str, fields: dict[str, Any], key: str) -> str:
    if key not in fields:
        raise UserError("{where}: `{key}` is missing", "Add {meaning}.", where=where, key=key, meaning=_MODEL[key][1])
    return str(fields[key])


def _names(where: str, names: list[Any]) -> tuple[str, ...]:
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError("{where}: `first` is {names!r}", "Expected {meaning}.", where=where, names=names, meaning=_MODEL["first"][1])  # fmt: skip
    return tuple(names)


def _server(where: str, name: str, fields: dict[str, Any], folder: Path, environment: Mapping[str, str]) -> ServerRoute:
    known = PROVIDERS.get(fields.get("provider", ""))
    if known is None and "provider" in fields:
        raise UserError("{where}: `provider` is {found!r}", "Expected {meaning}.", where=where, found=fields["provider"], meaning=_MODEL["provider"][1])  # fmt: skip
    variable = fields.get("key_variable", known.key_variable if known else "")
    key = environment.get(variable, "") if variable else ""
    if variable and not key:
        raise UserError("{where}: the environment variable {variable} is not set", "Set it to the key, then start again.", where=where, variable=variable)  # fmt: skip
    url = known.url if known else f"{server_of(fields['url'], 'key_variable')}/v1"
    patience = Patience(first_byte_timeout_s=float(fields.get("timeout_s", 120)))
    endpoint = Endpoint(url, key.strip(), patience=patience, retries=fields.get("retries", 2))
    return ServerRoute(
        name,
        endpoint,
        _needed(where, fields, "model"),
        _task(where, fields),
        bool(known and known.newer_limit),
        folder / fields["tokenizer"] if "tokenizer" in fields else None,
        Price(**check_fields(f"{where}.price", fields.get("price", {}), _PRICE, needed=())),
        fields.get("seats", 1_000),
        fields.get("extra"),
        _masks_personal(where, fields),
        renders_template=known is None,
    )


def _task(where: str, fields: dict[str, Any]) -> _Task:
    said = fields.get("task", "chat")
    for task in get_args(_Task):
        if said == task:
            return cast(_Task, task)
    raise UserError(
        "{where}: `task` is {found!r}", "Expected {meaning}.", where=where, found=said, meaning=_MODEL["task"][1]
    )


def _masks_personal(where: str, fields: dict[str, Any]) -> bool:
    """What goes to a provider is masked unless he says otherwise; a server at an address of one's own is taken to be one's own."""
    said = fields.get("personal", "mask" if "provider" in fields else "keep")
    if said not in ("mask", "keep"):
        raise UserError("{where}: `personal` is {found!r}", "Expected {meaning}.", where=where, found=said, meaning=_MODEL["personal"][1])  # fmt: skip
    return bool(said == "mask")
