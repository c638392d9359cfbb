"""The least that stands between a client and a model's server: bare ASGI on uvicorn, aiohttp, bytes handed on. No keys, no guard, no limits.

`python serve_relay.py PORT UPSTREAM_PORT`
"""

import sys
from typing import Any

import aiohttp
import uvicorn
import uvloop

_JSON = {"Content-Type": "application/json"}


async def main(port: int, upstream: int) -> None:
    """Serve until killed."""
    url = f"http://127.0.0.1:{upstream}/v1/chat/completions"
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        async with session.post(url, data=body, headers=_JSON) as response:
            kind = (b"content-type", response.headers["content-type"].encode())
            if b'"stream":true' not in body:
                whole = await response.read()
                length = (b"content-length", str(len(whole)).encode())
                await send({"type": "http.response.start", "status": 200, "headers": [kind, length]})
                await send({"type": "http.response.body", "body": whole})
                return
            await send({"type": "http.response.start", "status": 200, "headers": [kind]})
            while read := await response.content.readany():
                await send({"type": "http.response.body", "body": read, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    plain = {"ws": "none", "lifespan": "off", "access_log": False, "log_config": None, "proxy_headers": False}
    await uvicorn.Server(uvicorn.Config(app, port=port, loop="none", http="httptools", **plain)).serve()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
