"""Bodies of answers: read to their end, decompressed, and never larger than a limit.

Owns the limit on a reply, in bytes after decompression, which holds while a body is read: what goes beyond is neither
read nor decompressed. gzip and deflate are decompressed here, in parts of a known size, because a decoder without a
limit makes 66 MB of one piece of 64 kB, and a second decoder after the first 66 GB of that. These two are all that our
requests ask for. A body in an encoding that nobody asked for is returned as it came.
"""

import zlib
from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tool_runtime.core.replies import NoReply
from tool_runtime.http.progress import Progress

if TYPE_CHECKING:
    import httpx

ACCEPTED_ENCODINGS = "gzip, deflate"
_GZIP = {"gzip", "x-gzip"}
_GZIP_BEGINS = b"\x1f"
# Bytes that a decoder gives at a time.
_PART = 64 * 1024
# More encodings, one over the other, are an attack; so are more members (RFC 1952) of one gzip body: empty ones, which
# cost time and never reach a limit.
_MOST_DECODERS, _MOST_MEMBERS = 3, 10_000
# Digits of a length; more is no length of any body.
_MOST_DIGITS = 18


def read_body(response: "httpx.Response", limit: int, progress: Progress) -> bytes:
    """Return the body of a response. Raises `NoReply`, and what httpx and httpcore raise."""
    if response.is_stream_consumed:
        return _checked(response.content, limit)
    body = _Body(response, limit)
    for piece in response.iter_raw():
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
    pieces: Any = response.aiter_raw()
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


class _Decoder:
    """One encoding of one body. `is_whole`: nothing is missing so far."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._is_gzip = encoding in _GZIP
        self._limit = limit
        self._size = self._members = 0
        self._decoder: Any = _gzip() if self._is_gzip else None
        self._is_fed = False

    def decode(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece decodes to, in parts of at most `_PART` bytes."""
        self._is_fed = self._is_fed or bool(piece)
        if self._decoder is None and piece:
            self._decoder = _deflate(piece)
        part = b""
        # What a decoder holds back comes without further input.
        while piece or len(part) == _PART:
            if self._decoder.eof:
                # Gzip may come in several members, one after another (RFC 1952). What follows otherwise is padding.
                if not self._is_gzip or piece[:1] != _GZIP_BEGINS:
                    return
                self._decoder = _gzip()
                self._members += 1
            part = self._decoder.decompress(piece, _PART)
            self._size += len(part)
            # The limit holds for what only a further decoder sees, too.
            if self._size > self._limit or self._members > _MOST_MEMBERS:
                raise _too_large(self._limit)
            yield part
            piece = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail

    @property
    def is_whole(self) -> bool:
        """Whether the compressed form did not end early; an empty body needs none."""
        return not self._is_fed or self._decoder.eof


class _Body:
    """The pieces of one body so far."""

    def __init__(self, response: "httpx.Response", limit: int) -> None:
        encodings = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
        known = [name for name in encodings if name not in {"", "identity"}]
        decodes = len(known) <= _MOST_DECODERS and all(name in _GZIP or name == "deflate" for name in known)
        # The encoding that was put on last comes off first.
        self._decoders = [_Decoder(name, limit) for name in reversed(known)] if decodes else []
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        length = response.headers.get("content-length", "")
        # Looked at only where a body comes: an answer to HEAD has a length and no body.
        self._promised = int(length) if length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS else 0

    def take(self, piece: bytes) -> None:
        """Take one piece."""
        if self._promised > self._limit:
            raise _too_large(self._limit)
        if self._decoders:
            for part in _decoded(piece, self._decoders):
                self._add(part)
        else:
            self._add(piece)

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._parts.append(part)

    def whole(self) -> bytes:
        """Return the body, or raise `NoReply` where its compressed form ends early."""
        if not all(decoder.is_whole for decoder in self._decoders):
            raise NoReply("connection", sent=True, message="no answer: its compressed body ends early")
        return b"".join(self._parts)


def _decoded(piece: bytes, decoders: list[_Decoder]) -> Iterator[bytes]:
    """Yield what a piece is without these encodings."""
    for part in decoders[0].decode(piece):
        if len(decoders) > 1:
            yield from _decoded(part, decoders[1:])
        else:
            yield part


def _gzip() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _deflate(piece: bytes) -> Any:
    """Return a decoder for `deflate`, which means two things: with the header of zlib (RFC 1950), or without it."""
    has_header = piece[0] & 0x0F == 8 and (len(piece) < 2 or int.from_bytes(piece[:2]) % 31 == 0)  # noqa: PLR2004
    return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
