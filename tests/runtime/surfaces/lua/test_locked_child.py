"""The lock: Python code in the locked child, as if a script had got out of Lua, gets nowhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from retell_ai import Client, Sandbox
from tool_runtime.surfaces.lua.lua_session import LuaSession, run_lua
from tool_runtime.surfaces.lua.script_limits import LuaLimits
from tool_runtime.surfaces.lua.script_process import CHILD, ScriptProcess

KEY = "key_canary_5550100"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the allow-list of system calls is Linux's")

# What somebody who runs code in the child would try; each has to raise.
ATTEMPTS = {
    "read a file": "open('/etc/passwd')",
    "write a file": "open('/tmp/lua-escape', 'w')",
    "open a descriptor": "os.open('/', os.O_RDONLY)",
    "list a folder": "os.listdir('/')",
    "look at a file": "os.stat('/etc/passwd')",
    "remove a file": "os.unlink('/tmp/lua-escape-target')",
    "rename a file": "os.rename('/tmp/lua-escape-target', '/tmp/lua-escape-other')",
    "make a folder": "os.mkdir('/tmp/lua-escape-folder')",
    "change the folder": "os.chdir('/tmp')",
    "change rights": "os.chmod('/tmp', 0o777)",
    "make a link": "os.symlink('/etc', '/tmp/lua-escape-link')",
    "open a socket": "socket.socket()",
    "open a local socket": "socket.socketpair()",
    "fork": "os.fork()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "signal the host": "os.kill(os.getppid(), 0)",
    "signal everybody": "os.kill(-1, 0)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))",
    "make a pipe": "os.pipe()",
    "copy a descriptor": "os.dup(1)",
    "become somebody else": "os.setuid(0)",
    "leave the session": "os.setsid()",
    "trace the host": "called('ptrace', 16, os.getppid(), 0, 0)",
    "read the host's memory": "called('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)",
    "map code": "executable()",
    "start a thread": "threading.Thread(target=print).start()",
    "load a library": "ctypes.CDLL('libresolv.so.2')",
    "take memory": "bytearray(1 << 30)",
}
PROGRAM = """
import ctypes, json, mmap, os, resource, socket, sys, threading
sys.path.append(FOLDER)
import lockdown
libc = ctypes.CDLL(None, use_errno=True)
def called(name, *given):
    if getattr(libc, name)(*given) == -1:
        raise OSError(ctypes.get_errno(), name)
def executable():
    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
threading.stack_size(65536)
held = lockdown.lock_down(5, 32 * 1024 * 1024)
out = {"held": held}
for name, attempt in ATTEMPTS.items():
    try:
        out[name] = "done: " + repr(eval(attempt))
    except BaseException as error:
        out[name] = type(error).__name__
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def tried() -> dict[str, str]:
    program = f"FOLDER = {str(CHILD.parent)!r}\nATTEMPTS = {ATTEMPTS!r}\n{PROGRAM}"
    Path("/tmp/lua-escape-target").touch()
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, check=True, timeout=60, env={}
    )
    Path("/tmp/lua-escape-target").unlink()
    found: dict[str, str] = json.loads(ended.stdout)
    return found


@LINUX
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_escape_succeeds_in_the_locked_child(attempt: str, tried: dict[str, str]):
    assert tried["held"] == "seccomp"
    assert not tried[attempt].startswith("done"), tried[attempt]


def test_a_run_says_what_holds_its_child():
    with Client(sandbox=Sandbox()) as client:
        assert run_lua(client, "return 1").lock == ("seccomp" if sys.platform == "linux" else "rlimits")


@LINUX
def test_the_key_is_nowhere_in_the_child(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RETELL_API_KEY", KEY)
    with Client(KEY, sandbox=Sandbox()) as client, LuaSession(client) as session:
        process = session.take()
        found = []
        run, namespaces = session.start(
            process, None, session.undecided, None, lambda _told: found.extend(_look(process))
        )
        run.boot(namespaces, "0", None)
        run.run("app.integrations.retell_ai.list_agents({}) progress(1)")
        process.end()
    assert found == ["looked"]


def _look(process: ScriptProcess) -> list[str]:
    """Look for the key in environment, command line, descriptors and memory of a child that is running."""
    folder = Path("/proc", str(process.pid))
    seen = [name for name in ("environ", "cmdline") if KEY.encode() in (folder / name).read_bytes()]
    kinds = [str(entry.readlink()) for entry in (folder / "fd").iterdir()]
    seen += [kind for kind in kinds if not kind.startswith("pipe:") and kind != "/dev/null"]
    with (folder / "mem").open("rb", buffering=0) as memory:
        for line in (folder / "maps").read_text(encoding="utf-8").splitlines():
            span, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, stop = (int(part, 16) for part in span.split("-"))
            memory.seek(start)
            if KEY.encode() in memory.read(stop - start):
                seen.append(line)
    return ["looked", *seen]


def test_a_session_keeps_a_child_ready_and_uses_each_once():
    with Client(sandbox=Sandbox()) as client, LuaSession(client, limits=LuaLimits(cpu=5)) as session:
        assert session.run("leak = 1 return leak").result == 1
        assert session.run("return leak").result is None
