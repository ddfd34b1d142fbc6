"""Streams: bodies of good answers that the caller reads piece by piece.

Owns the life of such an answer: its connection is given back when the body was read, and when the caller closes the
stream or leaves it in the middle. What breaks off while the caller reads is a `ConnectionFailed`: the call itself was
answered, so nothing here asks for a repeat. Imports httpx when something breaks off, not before.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tool_runtime.core.requests import Request
from tool_runtime.errors import ConfigurationError, ConnectionFailed
from tool_runtime.values.media import Event, EventReader, kind_of


def _broken(error: Exception) -> Exception:
    import httpx

    if isinstance(error, httpx.HTTPError | httpx.StreamError):
        message = f"the answer broke off while it was read: {type(error).__name__}"
        return ConnectionFailed(message, hint="The call itself was answered; what came so far is all there is.")
    return error


def stays_unread(request: Request, response: Any) -> bool:
    """Say whether the caller reads the body of an answer: as the request says, and for every good stream of events."""
    is_wanted = request.stream or (request.events and kind_of(response.headers.get("content-type", "")) == "events")
    return bool(is_wanted and response.is_success)


class _Common:
    def __init__(self, response: Any) -> None:
        self._response = response
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip()


class Stream(_Common):
    """The pieces of a body, as bytes. An iterator and a context manager."""

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self._pieces = response.iter_bytes()

    def __iter__(self) -> Iterator[bytes]:
        """Return the stream, which is read once."""
        return self

    def __next__(self) -> bytes:
        """Return the next piece."""
        try:
            piece: bytes = next(self._pieces)
        except StopIteration:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _broken(error) from error
        return piece

    def events(self) -> "Events":
        """Return the server-sent events of the body."""
        return Events(self)

    def save(self, to: Any) -> Path:
        """Write the body to a file, which is there whole or not at all. Return its path."""
        with _Saved(to) as target:
            for piece in self:
                target.write(piece)
        return target.path

    def close(self) -> None:
        """Give the connection back."""
        self._response.close()

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the stream."""
        self.close()


class Events:
    """The server-sent events of a body, each as soon as it is whole. An iterator that is read once."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._events = self._read()
        self.media_type = stream.media_type
        self.save = stream.save
        self.close = stream.close

    def _read(self) -> Iterator[Event]:
        reader = EventReader()
        try:
            for piece in self._stream:
                yield from reader.take(piece)
            yield from reader.end()
        finally:
            self.close()

    def __iter__(self) -> Iterator[Event]:
        """Return the events, which are read once."""
        return self

    def __next__(self) -> Event:
        """Return the next event, as soon as it is whole."""
        return next(self._events)

    def __enter__(self) -> Self:
        """Return the events."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the stream."""
        self.close()


class AsyncStream(_Common):
    """The pieces of a body, as bytes, awaited."""

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self._pieces = response.aiter_bytes()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the stream, which is read once."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece."""
        try:
            piece: bytes = await anext(self._pieces)
        except StopAsyncIteration:
            await self.aclose()
            raise
        except Exception as error:
            await self.aclose()
            raise _broken(error) from error
        return piece

    def events(self) -> "AsyncEvents":
        """Return the server-sent events of the body."""
        return AsyncEvents(self)

    async def save(self, to: Any) -> Path:
        """Write the body to a file, which is there whole or not at all. Return its path."""
        with _Saved(to) as target:
            async for piece in self:
                target.write(piece)
        return target.path

    async def aclose(self) -> None:
        """Give the connection back."""
        with suppress(RuntimeError):
            await self._pieces.aclose()
        await self._response.aclose()

    async def __aenter__(self) -> Self:
        """Return the stream."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the stream."""
        await self.aclose()


class AsyncEvents:
    """The server-sent events of a body, awaited."""

    def __init__(self, stream: AsyncStream) -> None:
        self._stream = stream
        self._events = self._read()
        self.media_type = stream.media_type
        self.save = stream.save
        self.aclose = stream.aclose

    def __aiter__(self) -> AsyncIterator[Event]:
        """Return the events, which are read once."""
        return self

    async def __anext__(self) -> Event:
        """Return the next event, as soon as it is whole."""
        return await anext(self._events)

    async def _read(self) -> AsyncIterator[Event]:
        reader = EventReader()
        try:
            async for piece in self._stream:
                for event in reader.take(piece):
                    yield event
            for event in reader.end():
                yield event
        finally:
            await self.aclose()

    async def __aenter__(self) -> Self:
        """Return the events."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the stream."""
        await self.aclose()


class _Saved:
    """A file that is being written beside its final place. It is moved there when all bytes are written."""

    def __init__(self, to: Any) -> None:
        self.path = Path(to)

    def __enter__(self) -> Self:
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self.path.name[:40]}.", dir=self.path.parent)
        except OSError as error:
            message = f"{self.path} cannot be written: {error.strerror}"
            raise ConfigurationError(message, hint="The call itself was answered.") from None
        self._name, self._file = name, os.fdopen(handle, "wb")
        return self

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None:
            Path(self._name).replace(self.path)
        else:
            with suppress(OSError):
                Path(self._name).unlink()
