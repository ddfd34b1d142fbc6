"""The child process of a script, seen from the host: start, frames, CPU, end.

Owns the pipes and the frames on this side. Treats the child as hostile: lengths are checked before anything is read,
writing never blocks for ever, and whatever the child says is text to be judged by others. The child gets an empty
environment, an empty set of files beside its pipes, and its own session.
"""

import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.surfaces.lua.script_limits import LuaLimits

CHILD: Final = Path(__file__).parent / "child" / "start.py"
_HEADER: Final = 4
# What a pipe holds. A larger buffer would be mapped and unmapped for each message.
_CHUNK: Final = 1 << 16
# A frame holds a path and a line beside its value.
_BESIDE: Final = 64 * 1024


class ChildEnded(Exception):
    """The child is gone, or said something that no child says. `reason` is `ended` or `protocol`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the child: a letter that says what it is, and its content."""

    kind: str
    content: bytes


class ScriptProcess:
    """One locked child. Used by one thread; `wake` may be called from any."""

    def __init__(self, limits: LuaLimits, *, chunks: int = 1, patterns: bool = True, program: Path = CHILD) -> None:
        """Start a child that may use the CPU of so many `chunks`.

        Without `patterns`, `regex` does not work: for a script that has no use for them, see `may_use_patterns`.
        `program` is what runs in the child.
        """
        self._largest = limits.frame + _BESIDE
        self._buffer = bytearray()
        self._outgoing = bytearray()
        self._seconds: float | None = None
        self._closed = False
        # A descriptor of this process that wakes the loop when a call of another thread has ended.
        self._waker, self._wake = os.pipe()
        os.set_blocking(self._waker, False)
        command = [sys.executable, "-I", "-S", str(program), _lupa_package(), repr(limits.cpu * chunks)]
        command += [str(limits.memory), "1" if patterns else "0"]
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter, with a file of this package
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            close_fds=True,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101 - as above
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._selector.register(self._waker, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the child has not ended."""
        if not self._closed:
            self._reap(os.WNOHANG)
        return self._seconds is None

    def send(self, kind: str, content: bytes) -> None:
        """Queue a frame for the child, and write what the pipe takes now; nothing where the child reads no more."""
        self._outgoing += struct.pack(">I", len(content) + 1) + kind.encode() + content
        self._flush()

    def frames(self, timeout: float) -> Iterator[Frame]:
        """Give the frames that are there, waiting for the first up to `timeout` seconds or until somebody wakes this.

        Raises `ChildEnded` when the child is gone, and for a frame that is larger than any may be.
        """
        found = self._parse()
        if found is not None:
            yield found
            return
        for key, _ in self._selector.select(max(0.0, timeout)):
            if key.fd == self._in:
                self._flush()
            elif key.fd == self._waker:
                with suppress(BlockingIOError):
                    os.read(self._waker, 4096)
            else:
                self._read()
        found = self._parse()
        if found is not None:
            yield found

    def wait_until_ready(self, patience: float = 30.0) -> None:
        """Wait until the child has locked itself down and waits for a script, or has ended."""
        stop = time.monotonic() + patience
        while self.is_alive and len(self._buffer) <= _HEADER and time.monotonic() < stop:
            if self._selector.select(0.1):
                self._read()

    def wake(self) -> None:
        """Let a `frames` that waits return."""
        with suppress(OSError):
            os.write(self._wake, b"!")

    def end(self) -> tuple[int, float]:
        """End the child, and return its exit status (negative: the signal) and its seconds of CPU."""
        if not self._closed:
            self._closed = True
            if self._seconds is None:
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)
                self._reap()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            self._selector.close()
            for descriptor in (self._waker, self._wake):
                with suppress(OSError):
                    os.close(descriptor)
        return self._process.returncode or 0, self._seconds or 0.0

    def status(self, patience: float = 0.5) -> int | None:
        """Return the exit status of a child whose pipe has closed, without killing it; None where it goes on."""
        stop = time.monotonic() + patience
        while self._process.returncode is None and time.monotonic() < stop:
            self._reap(os.WNOHANG)
            if self._process.returncode is None:
                self._selector.select(0.005)
        return self._process.returncode

    def _reap(self, options: int = 0) -> None:
        if self._seconds is not None:
            return
        try:
            pid, status, usage = os.wait4(self._process.pid, options)
        except ChildProcessError:
            self._seconds = 0.0
            return
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._seconds = usage.ru_utime + usage.ru_stime

    def _flush(self) -> None:
        try:
            while self._outgoing:
                with memoryview(self._outgoing) as view, view[:_CHUNK] as part:
                    written = os.write(self._in, part)
                del self._outgoing[:written]
        except BlockingIOError:
            pass
        except OSError:
            # The child reads no more. What it said before, and its end, come by the other pipe.
            self._outgoing.clear()
        watched = self._in in self._selector.get_map()
        if self._outgoing and not watched:
            self._selector.register(self._in, selectors.EVENT_WRITE)
        elif watched and not self._outgoing:
            self._selector.unregister(self._in)

    def _read(self) -> None:
        try:
            part = os.read(self._out, _CHUNK)
        except BlockingIOError:
            return
        if not part:
            raise ChildEnded("ended", "the child has ended")
        self._buffer += part

    def _parse(self) -> Frame | None:
        if len(self._buffer) < _HEADER:
            return None
        (length,) = struct.unpack_from(">I", self._buffer)
        if not 0 < length <= self._largest:
            raise ChildEnded("frame", "a value is larger than any may be")
        if len(self._buffer) < _HEADER + length:
            return None
        frame = bytes(self._buffer[_HEADER : _HEADER + length])
        del self._buffer[: _HEADER + length]
        return Frame(chr(frame[0]), frame[1:])


def may_use_patterns(source: str) -> bool:
    """Whether a script can reach `regex`: by that name, or through the table of globals, which has two names."""
    return any(word in source for word in ("regex", "_G", "_ENV"))


def check_platform(distribution: str) -> None:
    """Raise `ConfigurationError` or `MissingExtra` where no script can run."""
    if os.name != "posix":
        raise ConfigurationError("Lua scripts need Linux, macOS or another POSIX system")
    try:
        _lupa_package()
    except ModuleNotFoundError:
        raise MissingExtra.of("a Lua script", "lua", distribution) from None


@cache
def _lupa_package() -> str:
    """Return the folder of the package lupa; nothing of lupa is loaded into this process."""
    spec = find_spec("lupa")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("lupa", name="lupa")
    return str(next(iter(spec.submodule_search_locations)))
