"""Processes: does the one that wrote an entry still run?

Owns the mark of a process, a text that no other process on this machine ever has, and the check whether the process of
a mark runs. A process id alone is no mark, because ids are used again: the start time belongs to the mark, and on Linux
the boot and the process namespace (in two containers, one id names two processes). Must not know: the ledger.

`runs` says True only where that is certain. Elsewhere the ledger says `unknown`, which invites nobody to repeat a call:

- Linux reads /proc. Where /proc is missing, or belongs to another namespace, the next line holds.
- Other POSIX systems ask `ps` for the start time, which is exact to the second.
- Where neither answers (Windows), only this process's own mark is known to run.
"""

import os
import secrets
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

# Of this run of the program: `exec` keeps process id and start time, and forgets every call that was under way.
_RUN: Final = secrets.token_hex(8)
_PROC: Final = Path("/proc")
# Fields of /proc/PID/stat after the command's name, counted from 0.
_STATE, _START = 0, 19
_OVER: Final = frozenset("ZX")
_SECONDS_FOR_PS: Final = 5


def own_mark() -> str:
    """Return the mark of this process: `PID START RUN`, where START is `-` if nothing tells a start time.

    Example: `4711 linux:1c2f…:pid:[4026531836]:889123 5f0c…`.
    """
    return _mark_of_own(os.getpid())


def runs(mark: str) -> bool:
    """Return whether the process of a mark certainly runs; a process that has ended and was not reaped does not."""
    pid, _, rest = mark.partition(" ")
    start, _, run = rest.rpartition(" ")
    if int(pid) == os.getpid() and run != _RUN:
        return False
    if start == "-":
        return int(pid) == os.getpid()
    return _start(int(pid)) == start


# Made once: reading /proc takes 0.1 ms, as long as a whole `begin` without the disk, and `ps` takes a process.
@cache
def _mark_of_own(pid: int) -> str:
    return f"{pid} {_start(pid) or '-'} {_RUN}"


def _start(pid: int) -> str | None:
    """Return what tells a process from others of the same id; None where there is none, or nothing tells."""
    return _start_by_proc(pid) if _proc_is_ours() else _start_by_ps(pid)


def _proc_is_ours() -> bool:
    try:
        return int((_PROC / "self" / "stat").read_bytes().split(b" ", 1)[0]) == os.getpid()
    except (OSError, ValueError):
        return False


def _start_by_proc(pid: int) -> str | None:
    try:
        # UTF-8 is always loaded. The first use of another codec imports a module, and a fork in the middle of an import
        # leaves the child with a lock that nobody will release.
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="utf-8").strip()
        namespace = (_PROC / "self" / "ns" / "pid").readlink()
    except OSError:
        return None
    # The command's name stands in parentheses, and may hold spaces and parentheses of its own.
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in _OVER else f"linux:{boot}:{namespace}:{fields[_START]}"


def _start_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    try:
        shown = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, check=True, timeout=_SECONDS_FOR_PS
        )
    except (OSError, subprocess.SubprocessError):
        return None
    state, _, start = shown.stdout.decode("utf-8", "replace").strip().partition(" ")
    return None if not start or state[0] in _OVER else f"ps:{'_'.join(start.split())}"
