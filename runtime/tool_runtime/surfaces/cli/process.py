"""What a process adds to a run: signals, and streams that are closed, full, or gone.

A signal that would end the process without a word becomes an exception in the run, so a write that is under way says
what may have happened, with its key and the command that finds out. SIGINT, SIGTERM and SIGHUP all end a run that way;
a signal that the caller has set to be ignored (`nohup`) stays ignored. The first one counts: while a run is being
ended, further ones are ignored, so that nobody who presses a key twice loses the answer. SIGPIPE is ignored, as Python
does by itself: a closed pipe is an error of the write that meets the pipe.

The exit code is settled before the interpreter ends. What the interpreter would still try to write then, and fail,
changes no code.
"""

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_SOON = 0.01
# The signals that end this run: those that nobody has set to be ignored.
_listened: list[signal.Signals] = []


class Ended(KeyboardInterrupt):
    """A signal that ends the run. An interrupt for every `except` that knows interrupts. `number` is the signal's."""

    number: int = signal.SIGINT


def prepare() -> None:
    """Make signals end the run by an exception, and let no file that is opened later become a standard stream."""
    _fill_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Whoever writes to stdout: what the encoding lacks is escaped, and is no error in the middle of a result.
        sys.stdout.reconfigure(errors="backslashreplace")
    _listened.extend(number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN)
    listen()
    sys.unraisablehook = _lost
    spare_httpx_what_nobody_needs()
    if hasattr(signal, "SIGPIPE"):
        with suppress(ValueError):
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def listen() -> None:
    """Let signals end the run; once more for a prompt, which goes on after an interrupt."""
    for number in _listened:
        with suppress(ValueError, OSError):
            signal.signal(number, _end)


def _lost(unraisable: Any) -> None:
    """Raise an interrupt again that struck where Python can raise nothing: in a destructor or a callback."""
    if not isinstance(unraisable.exc_value, Ended) or not hasattr(signal, "setitimer"):
        sys.__unraisablehook__(unraisable)
        return
    listen()
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, _SOON)


def _end(number: int, _: Any) -> None:
    settle()
    ended = Ended(f"ended by {signal.Signals(number).name}")
    ended.number = number
    raise ended


def settle() -> None:
    """Ignore signals from here on: the run is being ended."""
    for number in _ENDING:
        with suppress(ValueError, OSError):
            signal.signal(number, signal.SIG_IGN)


def leave(code: int) -> None:
    """Flush what can be flushed, so that the end of the interpreter changes no exit code."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except (OSError, ValueError):
                _point_nowhere(stream)
    sys.exit(code)


def spare_httpx_what_nobody_needs() -> None:
    """Let httpx be imported without its own command line, and httpcore without trio where trio is installed.

    This process is a command line already, and nobody else's code runs in it. Of each call, 40 ms are saved of rich and
    pygments, and 65 ms of trio, which httpcore imports in case somebody awaits with trio.
    """
    for name, user in (("httpx._main", "httpx"), ("trio", "httpcore")):
        if user not in sys.modules:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # the documented way to make an import fail


def guarded(run: Callable[[], int]) -> int:
    """Run the program and return its exit code, whenever a signal comes: before the program listens, and after."""
    codes: list[int] = []
    try:
        codes.append(run())
        settle()
    except KeyboardInterrupt as error:
        return codes[0] if codes else _code_of(error)
    return codes[0]


def _code_of(error: BaseException) -> int:
    """Return the code for an interrupt that nothing else has seen; what it interrupted may say more."""
    from tool_runtime.core.foreign_errors import as_tool_error
    from tool_runtime.surfaces.cli.exits import exit_code

    return exit_code(as_tool_error(error))


def _point_nowhere(stream: Any) -> None:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fill_standard_streams() -> None:
    """Open the standard descriptors that are closed: a ledger or a socket must not become stdout or stderr."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                opened = os.open(os.devnull, os.O_RDWR)
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)
