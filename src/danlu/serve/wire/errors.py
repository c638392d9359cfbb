"""Errors as the OpenAI API words them: `{"error": {"message", "type", "param", "code"}}`."""

import math
from typing import Any


class ApiError(Exception):
    """A request that is answered with an error; `param` names the field at fault, `code` is for programs."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The object to send."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


def bad_value(param: str, message: str) -> ApiError:
    """400: a field holds something it may not hold."""
    return ApiError(400, f"Invalid '{param}': {message}.", code="invalid_value", param=param)


def unsupported(param: str, message: str) -> ApiError:
    """400: a field asks for something that is not offered here, and would otherwise be ignored in silence."""
    return ApiError(400, f"Unsupported '{param}': {message}.", code="unsupported_parameter", param=param)


def unauthorized(code: str, message: str) -> ApiError:
    """401, with the scheme that the client should use."""
    return ApiError(401, message, code=code, headers={"www-authenticate": "Bearer"})


def forbidden(code: str, message: str) -> ApiError:
    """403: who calls may not have this, whatever else works."""
    return ApiError(403, message, code=code, kind="permission_error")


def context_too_long(message: str) -> ApiError:
    """400: what was sent, or what was asked for, does not fit the model."""
    return ApiError(400, message, code="context_length_exceeded", param="messages")


def busy(code: str, message: str, retry_after_s: float) -> ApiError:
    """429, with the whole seconds after which a new attempt can succeed."""
    headers = {"retry-after": str(max(1, math.ceil(retry_after_s)))}
    return ApiError(429, message, code=code, kind="rate_limit_error", headers=headers)


def unavailable(code: str, message: str) -> ApiError:
    """503: our side failed, and the next attempt may succeed."""
    return ApiError(503, message, code=code, kind="service_unavailable_error", headers={"retry-after": "2"})


def keys_unavailable() -> ApiError:
    """503: the file of the keys cannot be read."""
    return unavailable("keys_unavailable", "API keys cannot be checked at the moment; the server's log says why.")


def internal_error() -> ApiError:
    """500: the work failed; the reason is in the server's log and not for the caller."""
    return ApiError(500, "The server failed; its log says why.", code="internal_error", kind="api_error")
