"""The pages as an application, whose errors have the shape of the API's."""

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from danlu.serve.web.pages import Pages
from danlu.serve.wire.errors import ApiError, internal_error


def pages_app(pages: Pages) -> Starlette:
    """The routes of the pages, and nothing else."""
    app = Starlette(
        routes=pages.routes(),
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _defect},
    )
    # A redirect to another spelling of the path would answer before the method and the path are checked.
    app.router.redirect_slashes = False
    return app


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError), "registered for ApiError alone"
    return Response(orjson.dumps(error.body()), error.status, error.headers, media_type="application/json")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException alone"
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    message = f"{error.detail}: {request.method} {request.url.path}"
    return await _api_error(request, ApiError(error.status_code, message, code=code, headers=dict(error.headers or {})))


async def _defect(request: Request, error: Exception) -> Response:
    return await _api_error(request, internal_error())
