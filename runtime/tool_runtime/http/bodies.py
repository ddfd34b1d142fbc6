"""Bodies of answers: read to their end, decompressed, and never larger than a limit.

Owns the limit on a reply, in bytes after decompression, which holds while a body is read: what goes beyond is neither
read nor decompressed. gzip and deflate are decompressed here, piece by piece, because a decoder without a limit makes
66 MB of one piece of 64 kB. These two are also all that our requests ask for. What comes in another encoding all the
same goes through httpx's decoders; the limit holds between their pieces.
"""

import zlib
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tool_runtime.core.replies import NoReply
from tool_runtime.http.progress import Progress

if TYPE_CHECKING:
    import httpx

ACCEPTED_ENCODINGS = "gzip, deflate"
_PLAIN = {"", "identity"}
_GZIP = {"gzip", "x-gzip"}
_GZIP_BEGINS = b"\x1f"


def read_body(response: "httpx.Response", limit: int, progress: Progress) -> bytes:
    """Return the body of a response. Raises `NoReply`, and what httpx and httpcore raise."""
    if response.is_stream_consumed:
        return _checked(response.content, limit)
    body = _Body(response, limit)
    for piece in response.iter_raw() if body.decodes else response.iter_bytes():
        if progress.is_late:
            raise too_late(progress.total)
        body.take(piece)
    return body.whole()


async def aread_body(response: "httpx.Response", limit: int) -> bytes:
    """Return the body of a response, as `read_body` does; whoever awaits cancels what takes too long."""
    if response.is_stream_consumed:
        return _checked(response.content, limit)
    body = _Body(response, limit)
    # Closed here, since trio warns of an asynchronous generator that is left in the middle.
    pieces: Any = response.aiter_raw() if body.decodes else response.aiter_bytes()
    async with aclosing(pieces):
        async for piece in pieces:
            body.take(piece)
    return body.whole()


def too_late(total: float | None) -> NoReply:
    """Return what an attempt ends in whose answer has not come whole when its time is over."""
    return NoReply("timeout", sent=True, message=f"no answer in time: the attempt took longer than {total:g} s")


def _too_large(limit: int) -> NoReply:
    return NoReply("too_large", sent=True, message=f"the answer is larger than {limit} bytes and was not read")


def _checked(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise _too_large(limit)
    return content


class _Body:
    """The pieces of one body so far. `decodes`: whether pieces are taken as they came over the network."""

    def __init__(self, response: "httpx.Response", limit: int) -> None:
        encoding = response.headers.get("content-encoding", "").strip().lower()
        self.decodes = encoding in _PLAIN or encoding in _GZIP or encoding == "deflate"
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._is_fed = False
        self._decoder: Any = None
        if encoding in _GZIP:
            self._decoder = _gzip()
        self._is_gzip = self._decoder is not None
        self._is_deflate = encoding == "deflate"
        length = response.headers.get("content-length", "")
        # Looked at only where a body comes: an answer to HEAD has a length and no body.
        self._promised = int(length) if length.isascii() and length.isdigit() else 0

    def take(self, piece: bytes) -> None:
        """Take one piece."""
        if self._promised > self._limit:
            raise _too_large(self._limit)
        if self._is_deflate and self._decoder is None and piece:
            self._decoder = _deflate(piece)
        if self._decoder is None:
            self._add(piece)
            return
        self._is_fed = self._is_fed or bool(piece)
        while piece:
            if self._decoder.eof:
                # Gzip may come in several members, one after another (RFC 1952). What follows otherwise is padding.
                if not self._is_gzip or piece[:1] != _GZIP_BEGINS:
                    return
                self._decoder = _gzip()
            # One byte more than the limit allows, so that whatever is held back is beyond the limit.
            self._add(self._decoder.decompress(piece, self._limit - self._size + 1))
            piece = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._parts.append(part)

    def whole(self) -> bytes:
        """Return the body, or raise `NoReply` where its compressed form ends early."""
        if self._is_fed and not self._decoder.eof:
            raise NoReply("connection", sent=True, message="no answer: its compressed body ends early")
        return b"".join(self._parts)


def _gzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _deflate(piece: bytes) -> Any:
    """Return a decoder for `deflate`, which means two things: with the header of zlib (RFC 1950), or without it."""
    has_header = piece[0] & 0x0F == 8 and (len(piece) < 2 or int.from_bytes(piece[:2]) % 31 == 0)  # noqa: PLR2004
    return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
