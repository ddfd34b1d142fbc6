"""Lock-down: what a child process can no longer do, whoever runs in it.

Owns resource limits, and on Linux (x86_64 and aarch64) a seccomp allow-list: every system call that is not on the list
fails with EPERM. On other systems only the resource limits hold. Uses the standard library alone, since the child has
nothing else; imports ctypes on Linux only.
"""

import os
import resource
import struct
import sys
from collections.abc import Callable

MEGABYTE = 1024 * 1024
# Beyond the Lua heap and two copies of a text that fills the heap (on its way out of Lua, and as a frame): answers on
# their way through Python, and what the interpreter allocates meanwhile.
ROOM = 64 * MEGABYTE

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050001
_LOAD, _EQUAL, _GREATER_EQUAL, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _THIRD = 0, 4, 16, 32
_PROT_EXEC = 4
_X32 = 0x40000000

# By machine: the audit architecture, the allowed calls, mmap and mprotect (allowed without PROT_EXEC), tgkill (allowed
# for this very process: abort() needs it).
_MACHINES = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0, "write": 1, "close": 3, "lseek": 8, "munmap": 11, "brk": 12, "rt_sigaction": 13,
            "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39,
            "setitimer": 38, "getitimer": 36, "exit": 60, "gettimeofday": 96, "getrusage": 98, "times": 100,
            "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202, "restart_syscall": 219,
            "clock_gettime": 228, "exit_group": 231, "getrandom": 318,
        },
        9, 10, 234,
    ),
    "aarch64": (
        0xC00000B7,
        {
            "read": 63, "write": 64, "close": 57, "lseek": 62, "munmap": 215, "brk": 214, "rt_sigaction": 134,
            "rt_sigprocmask": 135, "rt_sigreturn": 139, "sched_yield": 124, "mremap": 216, "madvise": 233,
            "getpid": 172, "setitimer": 103, "getitimer": 102, "exit": 93, "gettimeofday": 169, "getrusage": 165,
            "times": 153, "sigaltstack": 132, "gettid": 178, "futex": 98, "restart_syscall": 128,
            "clock_gettime": 113, "exit_group": 94, "getrandom": 278,
        },
        222, 226, 131,
    ),
}  # fmt: skip


def lock_down(cpu_seconds: float, heap: int) -> str:
    """Give up every way out of this process, and return what holds: `seccomp`, or `rlimits` alone.

    `cpu_seconds` of CPU from now on, `heap` bytes of Lua memory.
    """
    # What the filter needs is loaded before no file can be opened any more.
    install = _prepared_filter() if sys.platform == "linux" else None
    _limit_resources(cpu_seconds, heap)
    return "seccomp" if install is not None and install() else "rlimits"


def _limit_resources(cpu_seconds: float, heap: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # A quarter of a second more than the limit inside Lua, which names the line; whole seconds are all that there is.
    seconds = int(usage.ru_utime + usage.ru_stime + cpu_seconds + 1.25)
    limits = {
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NPROC": (0, 0),
        "RLIMIT_NOFILE": (0, 0),
    }
    size = _address_space()
    if size:
        limits["RLIMIT_AS"] = (size + 3 * heap + ROOM,) * 2
    for name, pair in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), pair)
        except (AttributeError, OSError, ValueError):
            # Not every system knows every limit; the other ones hold.
            continue


def _address_space() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib would double the start of a child
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _prepared_filter() -> Callable[[], bool] | None:
    """Return the function that installs the allow-list and says whether it holds; None where there is no list."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None or struct.calcsize("P") != 8:  # noqa: PLR2004 - a 32-bit program has another table of calls
        return None
    import ctypes

    program = _program(*machine)
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    place = ctypes.c_void_p(ctypes.addressof(header))

    def install() -> bool:
        # The kernel copies the code; header and code have to live until then.
        kept = [code, header]
        quiet = bool(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        held = quiet and bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, place, 0, 0) == 0)
        kept.clear()
        return held

    return install


def _program(architecture: int, allowed: dict[str, int], mmap: int, mprotect: int, tgkill: int) -> list[bytes]:
    """Return the filter: `[load the architecture, kill another one, load the number, …, refuse the rest]`."""
    code = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_GREATER_EQUAL, _X32, 0, 1),
        _line(_RETURN, _KILL),
    ]
    for number in sorted(allowed.values()):
        code += [_line(_EQUAL, number, 0, 1), _line(_RETURN, _ALLOW)]
    for number in (mmap, mprotect):
        code += [
            _line(_EQUAL, number, 0, 4),
            _line(_LOAD, _THIRD),
            _line(_SET, _PROT_EXEC, 0, 1),
            _line(_RETURN, _EPERM),
            _line(_RETURN, _ALLOW),
        ]
    code += [
        _line(_EQUAL, tgkill, 0, 4),
        _line(_LOAD, _FIRST),
        _line(_EQUAL, os.getpid(), 0, 1),
        _line(_RETURN, _ALLOW),
        _line(_RETURN, _EPERM),
    ]
    return [*code, _line(_RETURN, _EPERM)]


def _line(code: int, value: int, when: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("HBBI", code, when, otherwise, value)
