"""The child process: Lua 5.4 behind a lock, which talks to its host through two pipes.

    python -I -S start.py PACKAGE_OF_LUPA CPU_SECONDS HEAP_BYTES PATTERNS

Owns the start of the child and the frames on its side: four bytes of length, one byte that says what the frame is, and
the content. Loads everything first, then locks itself down, then reads the first script. No key ever comes here, and no
environment. Only text crosses between Lua and Python: an object of Python in Lua would be a way out.

Every script waits for this start, so few modules are imported: no `typing`, and `re` and `json` only where PATTERNS is
1. The host writes 0 for a script whose text shows that no pattern can be run.
"""

import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as in lockdown: pathlib costs time


def main() -> None:
    """Start Lua, lock down, and run scripts until the host closes the pipe."""
    package, cpu, heap = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    # The package `lupa` itself would look for the newest Lua, and import more for that than the rest of this process.
    sys.path.insert(0, package)
    lua54 = __import__("lua54")
    sys.path.remove(package)
    regex = __import__("patterns").run if sys.argv[4] == "1" else _no_patterns
    lua = lua54.LuaRuntime(
        encoding=None,
        source_encoding="utf-8",
        unpack_returned_tuples=True,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_no_attributes,
        max_memory=heap,
    )
    child = _Child(lua, heap, regex)
    child.load({name: _text(f"{name}.lua") for name in ("values", "guard", "matches", "bridge")})
    # Importing a codec is no longer possible behind the lock.
    "".encode("utf-8", "replace")
    held = __import__("lockdown").lock_down(cpu, heap)
    send(b"H", held.encode())
    child.serve()


def _no_attributes(_thing: "Any", _name: "Any", _is_setting: "Any") -> "Any":
    raise AttributeError("not available")


def _no_patterns(_name: bytes, *_given: bytes) -> tuple[bool, bytes]:
    return False, b"not possible here"


def _text(name: str) -> str:
    with open(f"{HERE}/{name}", encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read()


def send(kind: bytes, content: bytes) -> None:
    """Send one frame to the host; without a host there is nothing left to do."""
    frame = struct.pack(">I", len(content) + 1) + kind + content
    view = memoryview(frame)
    try:
        while view:
            view = view[os.write(1, view) :]
    except OSError:
        os._exit(3)


_arrived = bytearray()


def receive() -> tuple[bytes, bytes]:
    """Return the next frame of the host: what it is, and its content."""
    _wait_for(4)
    (length,) = struct.unpack_from(">I", _arrived)
    _wait_for(4 + length)
    kind, content = bytes(_arrived[4:5]), bytes(_arrived[5 : 4 + length])
    del _arrived[: 4 + length]
    return kind, content


def _wait_for(count: int) -> None:
    while len(_arrived) < count:
        part = os.read(0, 1 << 16)
        if not part:
            os._exit(0)
        _arrived.extend(part)


class _Child:
    """One Lua, and the functions through which Lua reaches this process."""

    def __init__(self, lua: "Any", heap: int, regex: "Any") -> None:
        self._lua = lua
        self._heap = heap
        self._regex = regex
        self._begin: Any = None

    def load(self, parts: dict[str, str]) -> None:
        """Load the trusted code, so that a script finds everything ready."""
        boot = self._lua.execute(_BOOT, name=b"=boot")
        codes = (parts[name].encode() for name in ("values", "guard", "matches", "bridge"))
        outside = (self.send_text, self.receive_reply, self.relimit, self.lift, self.regex)
        self._begin = boot(*codes, *outside)

    def serve(self) -> None:
        """Run what the host sends: settings once, then one script after the other."""
        run = None
        while True:
            kind, content = receive()
            if kind == b"S":
                run = self._begin(*content.split(b"\n", 2))
            elif run is not None and kind in {b"X", b"V"}:
                seconds, _, source = content.partition(b"\n")
                # In a conversation, the heap may be full of what earlier chunks left; `relimit` follows.
                self.lift()
                try:
                    run(source, float(seconds), kind == b"V")
                except BaseException as error:  # noqa: BLE001 - nothing may end this process without a word
                    name = "memory" if isinstance(error, MemoryError) else "runtime"
                    send(b"E", b'{"kind": "%s", "message": "%s"}' % (name.encode(), _plain(error)))
                self._lua.set_max_memory(self._heap)

    def send_text(self, kind: bytes, content: bytes) -> None:
        """Send a frame for Lua."""
        try:
            send(kind[:1], content)
        except BaseException:  # noqa: BLE001 - an exception would reach the script as an object
            os._exit(4)

    def receive_reply(self) -> "Any":
        """Return the number, success and content of the next answer. The heap may be full: `relimit` follows."""
        try:
            kind, content = receive()
            number, _, body = content.partition(b"\n")
            self._lua.set_max_memory(0)
            return int(number), kind == b"K", body
        except BaseException:  # noqa: BLE001 - as above
            os._exit(4)

    def relimit(self) -> None:
        """Let the limit of the heap hold again."""
        self._lua.set_max_memory(self._heap)

    def lift(self) -> None:
        """Let the heap grow beyond its limit, for what trusted code has to say; `relimit` follows."""
        self._lua.set_max_memory(0)

    def regex(self, name: bytes, *given: bytes) -> "Any":
        """Run a function of `regex`; `relimit` follows."""
        try:
            ok, text = self._regex(name, *given)
        except BaseException:  # noqa: BLE001 - as above
            ok, text = False, b"not possible here"
        self._lua.set_max_memory(0)
        return ok, text


def _plain(error: "Any") -> bytes:
    text = error if isinstance(error, bytes) else str(error).encode("utf-8", "replace")
    return bytes(byte for byte in text[:500] if 32 <= byte < 127 and byte not in b'"\\')  # noqa: PLR2004 - ASCII


_BOOT = """
return function(values_text, guard_text, matches_text, bridge_text, send, receive, relimit, lift, regex)
  local values = assert(load(values_text, "=values", "t"))()
  local guard = assert(load(guard_text, "=guard", "t"))(values, os.clock)
  local matches = assert(load(matches_text, "=matches", "t"))(values, guard, relimit, regex)
  local begin = assert(load(bridge_text, "=bridge", "t"))
  local bridge = begin(values, guard, matches, send, receive, relimit, lift, os.clock)
  local env = guard.environment(bridge.current)
  return function(seed, tree, given)
    guard.seed(seed)
    bridge.furnish(env, assert(values.decode(tree)), (values.decode(given)))
    return function(source, seconds, only_compile) return bridge.run(source, env, seconds, only_compile) end
  end
end
"""
