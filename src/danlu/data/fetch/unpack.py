"""The body of a response, unpacked as it arrives: neither an endless one nor a compression bomb fills memory.

Content codings: RFC 9110 section 8.4. Only those are accepted that danlu asks for.
"""

import zlib

import aiohttp

from danlu.data.fetch.response import NoResponse

_CHUNK_BYTES = 65536
_CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Window bits for zlib by content coding; `deflate` is detected, since servers disagree about what it is."""


async def read_body(answer: aiohttp.ClientResponse, max_bytes: int, cut: bool) -> bytes:
    """The whole body, or with `cut` its first `max_bytes`; a longer one raises NoResponse, and so does a damaged one."""
    codings = [coding.strip().lower() for coding in answer.headers.get("Content-Encoding", "").split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if len(codings) > 1 or any(coding not in _CODINGS for coding in codings):
        raise NoResponse("content encoding", ", ".join(codings), may_pass=False)
    unpack = _Unpack(_CODINGS[codings[0]]) if codings else None
    found = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        found += unpack(chunk, max_bytes - len(found)) if unpack else chunk
        if len(found) > max_bytes:
            if cut:
                return bytes(found[:max_bytes])
            raise NoResponse("too large", f"more than {max_bytes} bytes", may_pass=False)
    if unpack and not unpack.is_whole:
        raise NoResponse("connection broke", "the packed body is cut short", may_pass=True)
    return bytes(found)


class _Unpack:
    """gzip or deflate as a stream, never more than one byte beyond the room that is left."""

    def __init__(self, window_bits: int) -> None:
        self._bits = window_bits
        self._stream = zlib.decompressobj(window_bits)
        self._has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether the packed stream came to its end, or never began."""
        return self._stream.eof or not self._has_begun

    def __call__(self, chunk: bytes, room: int) -> bytes:
        """What a chunk unpacks to."""
        try:
            found = self._stream.decompress(chunk, room + 1)
        except zlib.error as error:
            if self._has_begun or self._bits != _CODINGS["deflate"]:
                raise NoResponse("content encoding", error, may_pass=False) from None
            self._bits, self._stream = -zlib.MAX_WBITS, zlib.decompressobj(-zlib.MAX_WBITS)  # deflate without a header
            return self(chunk, room)
        self._has_begun = self._has_begun or bool(chunk)
        return found
