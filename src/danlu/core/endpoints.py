"""What all clients of OpenAI-compatible servers share: which addresses are taken, where the key may go, what an error says.

A key is sent as a bearer token to the address that the user gave and nowhere else: a redirect is an error, and no text that is said
or raised holds the key.
"""

import json
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from danlu.core.errors import UserError

MAX_REPLY_BYTES = 16 * 2**20
_SHOWN_CHARACTERS = 300
_BEGINNING_CHARACTERS = 40


class Refused(Exception):
    """The server answered, and its answer to this one request is no: another request may fare better."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status, self.message = status, message


def server_of(url: str, key_variable: str) -> str:
    """A base address, given with or without /v1 at its end, as `scheme://host[:port][/path]` without it.

    Raises UserError when it is no http(s) address, or holds a password, which belongs into `key_variable`.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = url.rpartition("@")[2]  # without the user and password in it
        raise UserError("{url} is no address of a server", "such as http://127.0.0.1:8000/v1", url=shown)
    if parts.username or parts.password:
        raise UserError(
            "the address of the server holds a password",
            "give the key by the variable {variable}",
            variable=key_variable,
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


def opener_for(url: str) -> urllib.request.OpenerDirector:
    """What opens requests to the address: follows no redirect, and asks no proxy for this machine's own addresses."""
    local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    return urllib.request.build_opener(_NoRedirect(), *([urllib.request.ProxyHandler({})] if local else []))


def headers_with(key: str | None) -> dict[str, str]:
    """The headers of a request in JSON, with the key as bearer token."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "danlu"}
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


def shown(text: str, key: str | None) -> str:
    """The first 300 characters of a text of the server's, without the key, should it have repeated that."""
    return (text.replace(key, "…") if key else text)[:_SHOWN_CHARACTERS]


def error_message(raw: bytes) -> str:
    """What an error says: OpenAI's `error.message`, FastAPI's `detail`, Ollama's `error`, or its first line."""
    try:
        said = json.loads(raw)
    except ValueError:
        said = raw.decode("utf-8", "replace").strip()
    if isinstance(said, dict):
        error = said.get("error", said)
        said = (error.get("message") or error.get("detail") or "") if isinstance(error, dict) else error
    lines = str(said).strip().splitlines()
    return lines[0] if lines else ""


def no_json(url: str, raw: bytes, key: str | None) -> UserError:
    """The error for an answer that is no JSON, or not of the kind that the API has."""
    # The key goes before the rest is cut off: half a key would not be found.
    lines = shown(raw.decode("utf-8", "replace").lstrip(), key)[:_BEGINNING_CHARACTERS].splitlines()
    return UserError(
        "{url} answers no JSON but {what!r}",
        "give the base address of an OpenAI-compatible API, such as http://127.0.0.1:8000/v1",
        url=url,
        what=lines[0] if lines else "",
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the caller as errors: urllib would send the key on to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""
