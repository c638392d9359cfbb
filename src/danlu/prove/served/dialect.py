"""Which server answers, and what it tells of the model by itself: its name, template, context and sampling defaults.

What each dialect tells, beyond OpenAI's /v1/models and /v1/chat/completions:
llama.cpp (tools/server/README.md): /props, /apply-template, /tokenize; ids beside log-probabilities; prompts as ids.
vLLM 0.32 (its protocol classes): /version, /tokenize with messages, max_model_len in /v1/models; ids of prompt and reply.
Ollama (docs/api.md, docs/openapi.yaml): /api/version, /api/show, /api/ps, /api/tags; neither ids nor prompts as ids.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from danlu.core.endpoints import Refused
from danlu.core.errors import UserError
from danlu.prove.served.client import Client


class Dialect(StrEnum):
    """What kind of server answers."""

    LLAMA_CPP = "llama.cpp"
    VLLM = "vLLM"
    OLLAMA = "Ollama"
    OPENAI = "OpenAI-compatible"
    """None of the others: only what OpenAI's API has is asked of it."""


@dataclass(frozen=True)
class ServedFacts:
    """What a server tells of itself and of one model."""

    dialect: Dialect
    api: str
    """What comes before /chat/completions: /v1, or nothing."""
    model: str
    """The name that requests give."""
    weights: tuple[str, ...] = ()
    """Path, digest, parent or quantisation, as told."""
    template: str | None = None
    """The chat template's source; of Ollama, a template of Go."""
    context_tokens: int | None = None
    defaults: Mapping[str, float] = field(default_factory=dict)
    """Sampling parameters of a request that gives none, by llama.cpp's names for them."""
    stops: tuple[str, ...] = ()
    """Stop strings of a request that gives none."""
    aliases: tuple[str, ...] = ()
    """Other names that the server lists for the same weights."""


def recognise(client: Client, model: str | None) -> ServedFacts:
    """Ask the server what it is; 2 to 6 requests.

    Raises UserError when it is no OpenAI-compatible server, or `model` is none of its models, or it has several and `model`
    names none.
    """
    listing, api = _listing(client)
    cards = [card for card in listing.get("data") or () if isinstance(card, dict) and isinstance(card.get("id"), str)]
    owner = str(cards[0].get("owned_by")) if cards else ""
    if owner == "vllm":
        return _vllm(cards, api, model, client)
    if owner == "llamacpp":
        return _llama_cpp(client, cards, api, model)
    if _told(client, "/api/version", "version"):
        return _ollama(client, cards, api, model)
    if _told(client, "/props", "default_generation_settings"):
        return _llama_cpp(client, cards, api, model)
    return ServedFacts(Dialect.OPENAI, api, _chosen(client, [card["id"] for card in cards], model))


def _listing(client: Client) -> tuple[dict[str, Any], str]:
    """The list of models, and the path before it."""
    for api in ("/v1", ""):
        try:
            listing = client.get(f"{api}/models")
        except Refused as refused:
            if refused.status in (404, 405):
                continue
            raise UserError("{url} lists no models: {problem}", url=client.root, problem=refused) from None
        if isinstance(listing, dict) and isinstance(listing.get("data"), list):
            return listing, api
    raise UserError(
        "{url} is no OpenAI-compatible API: it has neither /v1/models nor /models",
        "give the base address of one, such as http://127.0.0.1:8000/v1",
        url=client.root,
    )


def _chosen(client: Client, names: list[str], model: str | None) -> str:
    """The name to ask for. Raises UserError when it is not clear, or not there."""
    if model is None and len(names) == 1:
        return names[0]
    if model is not None and (model in names or not names):
        return model
    if model is not None and f"{model}:latest" in names:  # Ollama's tag where none is given
        return f"{model}:latest"
    shown = ", ".join(names[:10])
    if model is None and not names:
        raise UserError("{url} lists no models", "name the model with --model", url=client.root)
    if model is None:
        raise UserError(
            "{url} serves {count} models", "name one with --model: {names}", url=client.root, count=len(names), names=shown
        )  # fmt: skip
    raise UserError(
        "{url} serves no model named {model!r}", "it serves: {names}", url=client.root, model=model, names=shown
    )


def _llama_cpp(client: Client, cards: list[dict[str, Any]], api: str, model: str | None) -> ServedFacts:
    props = _told(client, "/props", "default_generation_settings") or {}
    # It answers to any name; the names that it lists are its path and its aliases.
    known = [(card["id"], *(str(name) for name in card.get("aliases") or ())) for card in cards]
    chosen = _chosen(client, list(dict.fromkeys(name for names in known for name in names)), model)
    same = tuple(name for names in known if chosen in names for name in names)
    settings = props.get("default_generation_settings") or {}
    parameters = settings.get("params") or settings
    told = [str(props.get(name) or "") for name in ("model_path", "model_ftype")]
    return ServedFacts(
        Dialect.LLAMA_CPP,
        api,
        chosen,
        tuple(filter(None, told)),
        props.get("chat_template"),
        settings.get("n_ctx"),
        _numbers(parameters),
        tuple(parameters.get("stop") or ()),
        (*same, *told[:1]),
    )


def _vllm(cards: list[dict[str, Any]], api: str, model: str | None, client: Client) -> ServedFacts:
    chosen = _chosen(client, [card["id"] for card in cards], model)
    card = next((card for card in cards if card["id"] == chosen), {})
    told = tuple(str(card[name]) for name in ("root", "parent") if card.get(name))
    # Each name of --served-model-name has a card of its own; an adapter's has another root.
    same = tuple(other["id"] for other in cards if card.get("root") and other.get("root") == card["root"] and other is not card)  # fmt: skip
    return ServedFacts(Dialect.VLLM, api, chosen, told, None, card.get("max_model_len"), aliases=same)


def _ollama(client: Client, cards: list[dict[str, Any]], api: str, model: str | None) -> ServedFacts:
    chosen = _chosen(client, [card["id"] for card in cards], model)
    shown = _asked(client, "/api/show", {"model": chosen})
    parameters = _modelfile_parameters(str(shown.get("parameters") or ""))
    tagged = _named(_told(client, "/api/tags", "models"), chosen)
    running = _named(_told(client, "/api/ps", "models"), chosen)
    told = (tagged.get("digest"), (shown.get("details") or {}).get("quantization_level"))
    context = running.get("context_length") or next(iter(parameters.get("num_ctx", ())), None)
    return ServedFacts(
        Dialect.OLLAMA,
        api,
        chosen,
        tuple(str(fact) for fact in told if fact),
        shown.get("template"),
        int(context) if context else None,
        _numbers({name: values[0] for name, values in parameters.items() if name != "stop"}),
        tuple(str(stop) for stop in parameters.get("stop", ())),
    )


def _modelfile_parameters(text: str) -> dict[str, list[Any]]:
    """Ollama's `parameters`: a name and a value on each line, a name more than once where it has several values."""
    found: dict[str, list[Any]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        try:
            parsed = json.loads(value.strip())
        except ValueError:
            parsed = value.strip()
        if name:
            found.setdefault(name, []).append(parsed)
    return found


def _named(listing: dict[str, Any] | None, name: str) -> dict[str, Any]:
    models = (listing or {}).get("models") or ()
    return next((model for model in models if name in (model.get("name"), model.get("model"))), {})


def _told(client: Client, path: str, name: str) -> dict[str, Any] | None:
    """What is at `path`, when it holds `name`; None where the server has nothing there, or a page."""
    try:
        said = client.get(path)
    except (Refused, UserError):
        return None
    return said if isinstance(said, dict) and name in said else None


def _asked(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        said = client.post(path, body)
    except Refused:
        return {}
    return said if isinstance(said, dict) else {}


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)}  # fmt: skip
