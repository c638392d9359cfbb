"""A server that speaks the OpenAI protocol and costs nearly nothing: what a gateway is measured against.

`python serve_upstream.py PORT` answers `POST /v1/chat/completions` at once with a fixed answer, or streams it: `x-tokens` tokens (50) with
`x-pace` seconds between two of them (0). Written on the transports of asyncio, so that it is never what is measured.
"""

import asyncio
import re
import sys

import uvloop

_CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{"content":"%s"},'
    b'"logprobs":null,"finish_reason":null}]}\n\n'
)
_LAST = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{},'
    b'"logprobs":null,"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[],"usage":{"prompt_tokens":9,'
    b'"completion_tokens":%d,"total_tokens":%d}}\n\ndata: [DONE]\n\n'
)
_WHOLE = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"fake","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"The pump is checked every 200 hours of operation.","refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":10,"total_tokens":19}}'
)
_WORDS = (b"The ", b"pump ", b"is ", b"checked ", b"every ", b"two ", b"hundred ", b"hours. ")


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin."""
        self._transport, self._read, self._streaming = transport, b"", None

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            size = int(re.search(rb"content-length: (\d+)", head)[1])
            if len(self._read) < end + 4 + size:
                return
            body, self._read = self._read[end + 4 : end + 4 + size], self._read[end + 4 + size :]
            if b'"stream":true' in body:
                self._streaming = asyncio.ensure_future(self._stream(body))
            else:
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (len(_WHOLE), _WHOLE)
                )

    def connection_lost(self, error: Exception | None) -> None:
        """Stop streaming."""
        if self._streaming:
            self._streaming.cancel()

    async def _stream(self, body: bytes) -> None:
        tokens = int((re.search(rb"tokens=(\d+)", body) or [0, 50])[1])
        pace_s = float((re.search(rb"pace=(\d+\.\d+)", body) or [0, 0])[1])
        write = self._transport.write
        write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for number in range(tokens):
            if pace_s:
                await asyncio.sleep(pace_s)
            write(_chunked(_CHUNK % _WORDS[number % 8]))
        write(_chunked(_LAST % (tokens, tokens + 9)) + b"0\r\n\r\n")


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
