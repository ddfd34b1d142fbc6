"""A program in a pseudo-terminal, as a person sees it: what the program wrote, and words typed as answers."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PATIENCE = 60.0


@dataclass(frozen=True)
class Seen:
    """What stood on the terminal, and how the program ended."""

    text: str
    code: int


def on_terminal(
    command: Sequence[str],
    environment: Mapping[str, str],
    answers: Sequence[tuple[str, str]] = (),
    columns: int = 100,
) -> Seen:
    """Run a program on a terminal; each answer is typed once its question stands there. Raises TimeoutError."""
    leader, follower = pty.openpty()
    _resize(follower, columns)
    # A program that counts columns by this variable would not see the terminal's own.
    settings = {name: value for name, value in environment.items() if name != "COLUMNS"} | {"TERM": "xterm-256color"}
    # The leader of a session that opens a terminal gets it as its own: only then does ctrl-C reach the program.
    opened = ["sh", "-c", 'tty="$1"; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", os.ttyname(follower), *command]
    with subprocess.Popen(
        opened, stdin=follower, stdout=follower, stderr=follower, env=settings, start_new_session=True
    ) as process:
        os.close(follower)
        written, waiting, end = b"", list(answers), time.monotonic() + PATIENCE
        while True:
            if not select.select([leader], [], [], max(end - time.monotonic(), 0))[0]:
                process.kill()
                raise TimeoutError(written.decode(errors="replace"))
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            written += part
            if waiting and waiting[0][0].encode() in written:
                os.write(leader, waiting.pop(0)[1].encode())
        code = process.wait(timeout=PATIENCE)
    os.close(leader)
    return Seen(written.decode("utf-8", "replace").replace("\r\n", "\n"), code)


def _resize(descriptor: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
