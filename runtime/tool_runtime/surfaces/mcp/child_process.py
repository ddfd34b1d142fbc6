"""A server as a child process: messages over its stdin and stdout, one a line.

The SDK's own transport keeps a line without an end in memory for as long as the line grows, and writes what the server
says on stderr into a file without a limit. This one counts both (flood_limit), and keeps the last words of stderr only.

The child gets a few harmless variables of this process and those of its entry, and no other. It runs in a session of
its own, so that a ctrl-C of the terminal does not reach it. At the end its stdin is closed, then the whole group is
asked to end, then killed; each of the waits is short. Must not know: entries, trust, what a message means.
"""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import mcp_types as types
from anyio.abc import Process
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from tool_runtime.surfaces.mcp.flood_limit import Flooded, Meter

# Seconds that a server has to end by itself, and again after it was asked to end.
GRACE = 2.0
LONGEST_TAIL = 4_000
# How far into a broken message the number of its request is looked for.
HEAD = 200
_ID = re.compile(r'"id"\s*:\s*(-?\d{1,18}|"[^"\\]{1,100}")\s*,')
_METHOD = re.compile(r'"(?:method|result|error)"\s*:')
GONE = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)


class LastWords:
    """The end of what a server wrote where no message belongs: on stderr, or on stdout beside the protocol."""

    def __init__(self) -> None:
        self._tail = b""

    def add(self, chunk: bytes) -> None:
        """Keep the end of what was written so far."""
        self._tail = (self._tail + chunk)[-LONGEST_TAIL:]

    @property
    def line(self) -> str:
        """The last line that says something; empty for none."""
        lines = [line.strip() for line in self._tail.decode("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")


@asynccontextmanager
async def child_streams(
    command: Sequence[str], environment: Mapping[str, str], folder: str | None, meter: Meter, words: LastWords
) -> AsyncIterator[tuple[Any, Any]]:
    """Start a program, and give the streams of its messages, as the SDK's transports do. Raises `OSError`."""
    program = shutil.which(command[0], path=environment.get("PATH")) if sys.platform == "win32" else None
    process = await anyio.open_process(
        [program or command[0], *command[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**get_default_environment(), **environment},
        start_new_session=True,
    )
    arrived, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, to_write = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_read, process, arrived, meter, words)
        group.start_soon(_write, process, to_write, arrived)
        group.start_soon(_listen_to_stderr, process, meter, words)
        try:
            yield incoming, outgoing
        finally:
            with anyio.CancelScope(shield=True):
                for stream in (incoming, outgoing):
                    stream.close()
                await _stop(process)
            group.cancel_scope.cancel()
    for end in (arrived, to_write):
        end.close()


async def _read(process: Process, arrived: Any, meter: Meter, words: LastWords) -> None:
    """Read messages until the server ends or floods."""
    assert process.stdout is not None  # noqa: S101 - opened with a pipe
    line = bytearray()
    try:
        async with arrived:
            while True:
                chunk = await process.stdout.receive()
                meter.took(len(chunk))
                *whole, rest = chunk.split(b"\n")
                for part in whole:
                    line += part
                    meter.length(len(line))
                    await _deliver(bytes(line), arrived, words)
                    line.clear()
                line += rest
                meter.length(len(line))
    except Flooded:
        # No grace: what still comes would have to be read.
        _signal(process, kill=True)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        # Nobody reads messages any more. A server that waits for room in its pipe could not end.
        with suppress(*GONE):
            while True:
                await process.stdout.receive()
    except (anyio.EndOfStream, OSError):
        return


async def _deliver(line: bytes, arrived: Any, words: LastWords) -> None:
    text = line.decode("utf-8", "replace").strip()
    if not text:
        return
    try:
        message = types.jsonrpc_message_adapter.validate_json(text, by_name=False)
    except (ValueError, RecursionError) as error:
        words.add(line[:LONGEST_TAIL] + b"\n")
        number = _request_of(text)
        if number is None:
            await arrived.send(error if isinstance(error, ValueError) else ValueError("nested too deeply"))
            return
        # Whoever made the request would wait in vain: the SDK drops what it cannot read.
        refused = types.ErrorData(code=types.PARSE_ERROR, message="the answer is no message of the protocol")
        message = types.JSONRPCError(jsonrpc="2.0", id=number, error=refused)
    await arrived.send(SessionMessage(message))


def _request_of(text: str) -> int | str | None:
    """Return the request that a broken message answers; None where the message names none, or asks something.

    Example: `{"jsonrpc": "2.0", "id": 7, "result": [` -> 7.
    """
    head = text[:HEAD]
    found = _ID.search(head)
    if not text.startswith("{") or found is None or _METHOD.search(head[: found.start()]):
        return None
    said = found[1]
    return int(said) if said[0] != '"' else said[1:-1]


async def _write(process: Process, to_write: Any, arrived: Any) -> None:
    assert process.stdin is not None  # noqa: S101 - opened with a pipe
    with suppress(*GONE):
        async with to_write:
            async for item in to_write:
                text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(text.encode("utf-8", "replace") + b"\n")
        return
    # The server takes nothing any more: whoever waits for an answer learns that none will come.
    arrived.close()


async def _listen_to_stderr(process: Process, meter: Meter, words: LastWords) -> None:
    assert process.stderr is not None  # noqa: S101 - opened with a pipe
    with suppress(*GONE):
        while True:
            chunk = await process.stderr.receive()
            words.add(chunk)
            try:
                meter.took(len(chunk))
            except Flooded:
                _signal(process, kill=True)
                return


async def _stop(process: Process) -> None:
    """End a server: in order where the server lets us, by force where not."""
    assert process.stdin is not None  # noqa: S101 - opened with a pipe
    with suppress(*GONE):
        await process.stdin.aclose()
    for step in ("wait", "ask", "kill"):
        if step != "wait":
            _signal(process, kill=step == "kill")
        if await _has_ended(process):
            break
    else:
        logging.getLogger(__name__).warning("the process %d does not end", process.pid)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            with suppress(*GONE):
                await pipe.aclose()
    # Open as long as a descendant holds a pipe; nothing public closes it.
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if transport is not None:
        with suppress(PermissionError):
            transport.close()


async def _has_ended(process: Process) -> bool:
    """Wait for the end of a process. Its pipes are not waited for: a descendant may hold them for ever."""
    with anyio.move_on_after(GRACE):
        while process.returncode is None:  # noqa: ASYNC110 - `wait` of asyncio waits for the pipes too
            await anyio.sleep(0.01)
    return process.returncode is not None


def _signal(process: Process, *, kill: bool) -> None:
    """Signal the process and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
