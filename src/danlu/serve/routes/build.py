"""Served models from routes: each is built once, after those that it leads to."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from danlu.core.errors import UserError
from danlu.serve.models import Encoder, ServedModel
from danlu.serve.routes.chain import ChainModel
from danlu.serve.routes.config import ChainRoute, PromptRoute, Route, ServerRoute
from danlu.serve.routes.encoder import ServerEncoder
from danlu.serve.routes.personal import PersonalModel
from danlu.serve.routes.prompt import PromptModel
from danlu.serve.routes.provider import ProviderModel
from danlu.serve.routes.upstream.client import UpstreamClient
from danlu.serve.routes.upstream.pool import Connections
from danlu.serve.routes.upstream.tokens import estimated_tokens


def build(routes: Sequence[Route], own: Mapping[str, ServedModel], connections: Connections) -> dict[str, ServedModel]:
    """All models that answer in text, by name: those of the project first. Raises UserError for a name that is taken, unknown, or leads to itself."""
    by_name = {route.name: route for route in routes if not _encodes(route)}
    if taken := sorted({route.name for route in routes} & own.keys()):
        raise UserError("danlu.yaml: serve.models.{name}: the project serves a model of that name already", "Give it another name.", name=taken[0])  # fmt: skip
    built = dict(own)

    def find(name: str, way: tuple[str, ...]) -> ServedModel:
        if name in way:
            raise UserError("danlu.yaml: serve.models: {way} leads to itself", "Let it end at a server or at a model of the project.", way=" → ".join((*way, name)))  # fmt: skip
        if name not in built:
            if name not in by_name:
                raise UserError("danlu.yaml: serve.models.{by}: there is no model {name}", "The models are: {names}.", by=way[-1], name=name, names=", ".join((*own, *by_name)))  # fmt: skip
            built[name] = _model(by_name[name], lambda other: find(other, (*way, name)), connections)
        return built[name]

    for name in by_name:
        find(name, ())
    return {name: built[name] for name in (*own, *by_name)}


def build_encoders(routes: Sequence[Route], connections: Connections) -> tuple[Encoder, ...]:
    """All models that answer in numbers. Raises UserError."""
    return tuple(
        ServerEncoder(
            route.name,
            route.task,
            UpstreamClient(route.endpoint, connections),
            route.model,
            _count(route),
            extra=route.extra,
            price=route.price,
            seats=route.seats,
            masks_personal=route.masks_personal,
        )
        for route in routes
        if isinstance(route, ServerRoute) and route.task != "chat"
    )


def _encodes(route: Route) -> bool:
    return isinstance(route, ServerRoute) and route.task != "chat"


def _model(route: Route, find: Callable[[str], ServedModel], connections: Connections) -> ServedModel:
    if isinstance(route, ChainRoute):
        return ChainModel(route.name, tuple(find(name) for name in route.first))
    if isinstance(route, PromptRoute):
        return PromptModel(route.name, route.template, find(route.model))
    return _server_model(route, connections)


def _server_model(route: ServerRoute, connections: Connections) -> ServedModel:
    client = UpstreamClient(route.endpoint, connections)
    model = ProviderModel(
        route.name,
        client,
        route.model,
        _count(route),
        extra=route.extra,
        newer_limit=route.newer_limit,
        price=route.price,
        seats=route.seats,
        renders_template=route.renders_template,
    )
    return PersonalModel(model) if route.masks_personal else model


def _count(route: ServerRoute) -> Callable[[str], int]:
    return estimated_tokens if route.tokenizer is None else _counter(route.tokenizer)


def _counter(path: Path) -> Callable[[str], int]:
    """Counts tokens by a tokenizer.json."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 (the library raises bare exceptions)
        raise UserError("{path} is no tokenizer.json: {problem}", "Give the file of a Hugging Face tokenizer.", path=path, problem=error) from None  # fmt: skip
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
