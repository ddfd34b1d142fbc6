"""Writes data to stdout and everything else to stderr.

A terminal gets colour and tables. A pipe gets plain text and JSON for the next program. `NO_COLOR` and `FORCE_COLOR`
decide about colour before the terminal does, and `COLUMNS` about the width. What a terminal shows holds no control
character that came from outside. This module must not know about tools.
"""

import errno
import json
import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from tool_runtime.surfaces.common.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100
# What rich draws with, and the marks of ordinary prose: bullet, lines, corners, ellipsis, quote, arrow, dashes.
_PLAIN = str.maketrans(
    "\u00b7\u2022\u2500\u2501\u2502\u2503\u258c\u2550\u250f\u2513\u2517\u251b\u2019\u2013\u2014\u2192",
    "-*-=|||=++++'-->",
) | {0x2026: "..."}
NARROWEST = 20


def is_terminal() -> bool:
    """Say whether a person reads stdout."""
    return _is_terminal(sys.stdout)


def _is_terminal(stream: Any) -> bool:
    return stream is not None and not stream.closed and bool(stream.isatty())


def width() -> int:
    """Return the columns of stdout: those of `COLUMNS`, of the terminal, or a fixed number in a pipe."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return max(int(given), NARROWEST)
    if is_terminal():
        try:
            return max(os.get_terminal_size(sys.stdout.fileno()).columns, NARROWEST)
        except (OSError, ValueError):
            pass
    return PIPE_WIDTH


def in_colour() -> bool:
    """Say whether stdout gets colour: `NO_COLOR`, then `FORCE_COLOR`, then the terminal decides."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced not in {"0", "false", "no"}
    return is_terminal() and os.environ.get("TERM", "") != "dumb"


def console() -> "Console":
    """Return a rich console on stdout: as wide as the terminal, or of a fixed width in a pipe.

    Raises `OSError` where stdout is closed.
    """
    from rich.console import Console

    coloured = in_colour()
    return Console(
        file=cast("IO[str]", _Fitting(_open_stdout())),
        highlight=False,
        width=width(),
        # Without colour there is no escape at all: bold is one too.
        force_terminal=coloured,
        no_color=not coloured,
        legacy_windows=False,
    )


class _Fitting:
    """A stream that takes every text: what its encoding lacks becomes plain characters or escapes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return int(self._stream.write(fitting(text, self._stream)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def fitting(text: str, stream: Any) -> str:
    r"""Return text that the encoding of a stream has: drawn lines and marks become plain ones, the rest escapes.

    Example, for ASCII: `write · Ö` -> `write - \\xd6`.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def to_json(value: Any, *, indent: int | None = 2) -> str:
    r"""Return JSON that stdout can encode and a terminal can show; other text stays as it is.

    Example: `Ö`, and the character U+009B -> `"Ö\u009b"`.
    """
    return _encodable_json(printable_json(json.dumps(value, indent=indent, ensure_ascii=False)), sys.stdout)


def _encodable_json(text: str, stream: Any) -> str:
    """Escape what an encoding lacks. Outside strings JSON is ASCII, so an escape never stands where none may."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), indent=2 if "\n" in text else None)
    return text


def write_json(value: Any) -> None:
    """Write a value to stdout as JSON, in colour on a terminal."""
    text = to_json(value)
    if in_colour() and len(text) < 1_000_000:  # noqa: PLR2004 - colour of megabytes takes seconds that nobody waits for
        console().print_json(text, indent=2, ensure_ascii=text.isascii())
    else:
        write(text)


def print_rich(renderable: Any) -> None:
    """Print what rich has laid out, in the characters that the encoding of stdout has, without blanks at the ends."""
    from io import StringIO

    from rich.console import Console

    text = StringIO()
    shown = console()
    Console(
        file=text,
        highlight=False,
        width=shown.width,
        force_terminal=shown.is_terminal,
        no_color=shown.no_color,
        legacy_windows=False,
    ).print(renderable)
    lines = [line.rstrip() for line in text.getvalue().rstrip("\n").split("\n")]
    _put("\n".join(lines))


def write_plain(text: str) -> None:
    """Write text that was laid out for a terminal, with its colours."""
    _put(text)


def write_raw(text: str) -> None:
    """Write a piece of text as `write` does, without a line break behind it."""
    _put(printable(text) if is_terminal() else text, end="")


def write_bytes(content: bytes) -> None:
    """Write bytes to stdout as they are. Raises `OSError` where stdout is closed, or takes text alone."""
    flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None or stream.closed:
        raise OSError(errno.EBADF, "stdout is closed, or takes text alone")
    stream.write(content)
    stream.flush()


def write(text: str) -> None:
    """Write a line of data to stdout. Characters that the encoding of stdout lacks are escaped.

    On a terminal, control characters are escaped too. Raises `OSError` where stdout is closed.
    """
    _put(printable(text) if is_terminal() else text)


def write_hanging(text: str, indent: int) -> None:
    """Write a line as `write` does; on a terminal the line is broken as `hanging` says."""
    write("\n".join(hanging(text, indent)) if is_terminal() else text)


def hanging(text: str, indent: int) -> list[str]:
    """Break a line at blanks, so that the line fits the terminal; what follows the first line is indented.

    A word that is longer than a line, such as a path, stays whole. Example, for 20 columns and an indent of 4:
    `    cli, account default: call_id c` -> `    cli, account`, `    default: call_id`, `    c`.
    """
    import textwrap

    blanks = " " * indent
    lines = textwrap.wrap(
        printable(text), width(), subsequent_indent=blanks, break_long_words=False, break_on_hyphens=False
    )
    return lines or [""]


def _put(text: str, end: str = "\n") -> None:
    stream = _open_stdout()
    stream.write(fitting(text, stream) + end)


def _open_stdout() -> Any:
    if sys.stdout is None or sys.stdout.closed:
        raise OSError(errno.EBADF, "stdout is closed")
    return sys.stdout


def flush() -> None:
    """Send what was written on its way. Raises `OSError` where stdout cannot take it."""
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def note(text: str) -> None:
    """Write a line to stderr, without control characters. Nothing is raised: a lost note changes no outcome."""
    _say(printable(text), "\n")


def note_log() -> None:
    """Write warnings of the runtime's log to stderr as notes: a ledger that could not be written, for example.

    What became of a call, and what its steps left behind, is left out: the report of the run says the same, for people.
    """
    import logging

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module not in {"attempts", "steps"}:
                note(record.getMessage())

    log = logging.getLogger("tool_runtime")
    if not any(type(one).__name__ == "Notes" for one in log.handlers):
        log.addHandler(Notes(logging.WARNING))
        log.propagate = False


def note_in_place(text: str) -> None:
    """Write a line over the last line of a terminal on stderr; the next line replaces this one."""
    columns = 79
    with suppress(OSError, ValueError):
        columns = os.get_terminal_size(sys.stderr.fileno()).columns - 1
    _say("\r\x1b[K" + printable(text).replace("\n", " ")[:columns], "")


def _say(text: str, end: str) -> None:
    stream = sys.stderr
    if stream is None or stream.closed:
        return
    with suppress(OSError, ValueError):
        stream.write(fitting(text, stream) + end)
        stream.flush()


def abandon() -> None:
    """Let go of stdout: the interpreter would flush it again at its end, and report that nobody takes the rest."""
    stream = sys.stdout
    if stream is None or stream.closed:
        return
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return
