"""One run of a script: the loop between the child and its calls.

Owns the frames' meaning, the limits that the host holds (wall time, calls, output, sizes, a child that stops
answering), and what the end of a child means. Whatever the child says is checked: a frame of another form ends the run.
Calls outside `parallel` are made in the thread of the loop, the others in a pool. Before a run ends, calls that are
under way end too, so that no write is left without its ending.
"""

import json
import re
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from tool_runtime.errors import (
    APIError,
    ConfigurationError,
    InvalidArguments,
    PolicyRefused,
    RateLimited,
    RemoteError,
    ServerError,
    ToolError,
    Unauthorized,
    UnknownTool,
)
from tool_runtime.surfaces.lua.namespaces import Namespace
from tool_runtime.surfaces.lua.script_answers import Answer, Request
from tool_runtime.surfaces.lua.script_calls import CallHandler, Diverged
from tool_runtime.surfaces.lua.script_limits import LuaLimits
from tool_runtime.surfaces.lua.script_process import ChildEnded, Frame, ScriptProcess
from tool_runtime.surfaces.lua.script_results import ScriptCall, ScriptError
from tool_runtime.values.suggestions import nearest

_CALL: Final = re.compile(rb"(\d{1,12}) (\d{1,9}(?:/\d{1,9}\.\d{1,9}){0,60}:\d{1,9}) (\d{1,9}) ([\w.\-]{1,300})")
_MISSING: Final = re.compile(rb"(\d{1,12}) ([\w.\-]{1,300})")
_USED: Final = re.compile(rb"([\d.e+\-]{1,30}) ([\d.e+\-]{1,30})")
_AT_LINE: Final = re.compile(r"script:(\d+): ?")


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
_THREADS: Final = 16
# Seconds that a child may be silent beyond the CPU that it may use.
_SILENCE: Final = 3.0
# The first kind that fits says what an error of a call is to a script.
_KINDS: Final[tuple[tuple[type[ToolError], str], ...]] = (
    (InvalidArguments, "arguments"),
    (UnknownTool, "name"),
    (PolicyRefused, "policy"),
    (ConfigurationError, "setup"),
    (Unauthorized, "setup"),
    (RateLimited, "network"),
    (ServerError, "network"),
    (APIError, "tool"),
    (RemoteError, "network"),
)

# Limits that Lua and the patterns hold by themselves, by their words.
_LIMITS_OF_LUA: Final = {
    "stack overflow": "stack",
    "not enough memory": "memory",
    "regex time limit exceeded": "regex",
    "too many C levels": "stack",
}

Printer = Callable[[str], None]
Progress = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Ending:
    """How a run ended: `kind` is `result`, `error`, `paused` or `cut off`.

    `goes_on`: the child itself told the end, and is ready for another chunk.
    """

    kind: str
    value: Any = None
    error: ScriptError | None = None
    goes_on: bool = False


class ScriptRun:
    """One run in one child. `output`, `calls`, `pending` and `usage` grow while the script runs."""

    def __init__(
        self,
        process: ScriptProcess,
        handler: CallHandler,
        limits: LuaLimits,
        *,
        on_output: Printer | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._process = process
        self._handler = handler
        self._limits = limits
        self._on_output = on_output
        self._on_progress = on_progress
        self._pool: ThreadPoolExecutor | None = None
        self._finished: deque[Answer | BaseException] = deque()
        self._lock = threading.Lock()
        self._open = 0
        self._count = 0
        self._unknown = 0
        self._keys: set[str] = set()
        self._printed = bytearray()
        self._source = ""
        self._heard = time.monotonic()
        self._stop = float("inf")
        self.calls: list[ScriptCall] = []
        self.pending: list[Mapping[str, Any]] = []
        self.usage: dict[str, float] = {}
        self.lock: str | None = None

    @property
    def output(self) -> str:
        """What was printed."""
        return self._printed.decode("utf-8", "replace")

    @property
    def count(self) -> int:
        """How many calls were asked for."""
        return self._count

    def remaining(self) -> float:
        """Return the seconds until the wall limit."""
        return self._stop - time.monotonic()

    def boot(self, namespaces: Sequence[Namespace], seed: str, arguments: Any) -> None:
        """Give the child the names that it may call, the seed of its random numbers, and `args`."""
        tree: dict[str, Any] = {}
        for namespace in namespaces:
            *parents, name = namespace.path.split(".")
            level = tree
            for parent in parents:
                level = level.setdefault(parent, {}).setdefault("n", {})
            level[name] = namespace.node()
        texts = (seed, json.dumps(tree), json.dumps(arguments))
        self._process.send("S", "\n".join(texts).encode())

    def run(self, source: str, *, only_compile: bool = False) -> Ending:
        """Run one chunk to its end, whatever the end is. The caller ends the process."""
        self._source = source
        begin = self._heard = time.monotonic()
        self._stop = begin + self._limits.wall
        self._handler.clock.over.clear()
        try:
            head = f"{self._limits.cpu!r}\n".encode()
            self._process.send("V" if only_compile else "X", head + source.encode("utf-8", "surrogatepass"))
            ending = self._loop()
        except ChildEnded as error:
            ending = self._lost(error)
        except Diverged as error:
            ending = Ending("error", error=ScriptError("diverged", str(error), suggestion=error.hint))
        finally:
            # Nobody waits for pauses any more; what was sent is waited for.
            self._handler.clock.over.set()
            self._settle_open()
            self.usage["wall"] = time.monotonic() - begin
        if self.pending and ending.kind != "paused" and not (ending.error and ending.error.type == "diverged"):
            return Ending("paused")
        return ending

    def _loop(self) -> Ending:
        while True:
            self._deliver()
            if self.pending and not self._open:
                return Ending("paused")
            for frame in self._process.frames(self._patience()):
                self._heard = time.monotonic()
                ending = self._take(frame)
                if ending is not None:
                    return ending
            now = time.monotonic()
            if now >= self._stop:
                return self._exceeded("wall")
            if not self._open and now - self._heard > self._limits.cpu * 1.5 + _SILENCE:
                return self._exceeded("cpu")

    def _patience(self) -> float:
        now = time.monotonic()
        silent = self._heard + self._limits.cpu * 1.5 + _SILENCE + 0.01
        return min(self._stop, self._stop if self._open else silent) - now

    def _take(self, frame: Frame) -> Ending | None:
        match frame.kind:
            case "P":
                return self._print(frame.content)
            case "C":
                return self._call(frame.content)
            case "M":
                return self._missing(frame.content)
            case "G":
                return self._progress(frame.content)
            case "U":
                self._note_usage(frame.content)
            case "H":
                self.lock = frame.content[:20].decode("ascii", "replace")
            case "R":
                return Ending("result", self._json(frame.content) if frame.content else None, goes_on=True)
            case "E":
                return replace(self._failed(self._json(frame.content)), goes_on=True)
            case _:
                raise ChildEnded("protocol", f"the child sent a frame of an unknown kind {frame.kind!r}")
        return None

    # What the child asks for.

    def _call(self, content: bytes) -> Ending | None:
        head, _, body = content.partition(b"\n")
        found = _CALL.fullmatch(head)
        if found is None:
            raise ChildEnded("protocol", "the child sent a call of another form")
        number, key, line, path = (part.decode() for part in found.groups())
        if key in self._keys:
            raise ChildEnded("protocol", "the child used the name of a call twice")
        self._keys.add(key)
        self._count += 1
        if self._count > self._limits.calls:
            return self._exceeded("calls", int(line) or None)
        by_position = body.startswith(b"P")
        arguments = self._json(body[1:] if by_position else body)
        if not isinstance(arguments, list if by_position else dict | list):
            raise ChildEnded("protocol", "the child sent arguments of another form")
        if not by_position and isinstance(arguments, list):
            # A list where fields are wanted; an empty one is an empty table that was marked as a list.
            arguments = [arguments] if arguments else {}
        request = Request(int(number), key, int(line), path, arguments)
        if self.pending:
            # The run is about to pause: what comes now is asked for again when the run goes on.
            return None
        if "/" not in key:
            self._give(self._handler.answer(request))
            self._heard = time.monotonic()
            return None
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="lua-call")
        self._open += 1
        self._pool.submit(self._in_pool, request)
        return None

    def _in_pool(self, request: Request) -> None:
        try:
            answer: Answer | BaseException = self._handler.answer(request)
        except BaseException as error:  # noqa: BLE001 - raised again in the loop
            answer = error
        with self._lock:
            self._finished.append(answer)
        self._process.wake()

    def _deliver(self) -> None:
        while True:
            with self._lock:
                if not self._finished:
                    return
                answer = self._finished.popleft()
            self._open -= 1
            self._heard = time.monotonic()
            if isinstance(answer, BaseException):
                raise answer
            self._give(answer)

    def _give(self, answer: Answer) -> None:
        if answer.call is not None:
            self.calls.append(answer.call)
        if answer.pending is not None:
            self.pending.append(answer.pending)
            return
        text = answer.text.encode("utf-8", "replace")
        ok = answer.ok
        if len(text) > self._limits.frame:
            ok, text = False, f"{answer.request.path}: {self._limits.exceeded('frame')}".encode()
        self._process.send("K" if ok else "F", b"%d\n" % answer.request.id + text)

    def _settle_open(self) -> None:
        """Let every call that is under way end, and take note of it."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for answer in [*self._finished, *self._handler.cut_off]:
            if isinstance(answer, Answer):
                self.calls += [answer.call] if answer.call is not None else []
                self.pending += [answer.pending] if answer.pending is not None else []
        self._finished.clear()
        self._handler.cut_off.clear()
        self._open = 0

    def _missing(self, content: bytes) -> Ending | None:
        head, _, member = content.partition(b"\n")
        found = _MISSING.fullmatch(head)
        if found is None:
            raise ChildEnded("protocol", "the child sent a question of another form")
        # Looking for the nearest name takes the host longer than asking takes the script.
        self._unknown += 1
        if self._unknown > self._limits.calls:
            return self._exceeded("calls")
        text = self._handler.missing(found[2].decode(), member[:200].decode("utf-8", "replace"))
        self._process.send("F", b"%d\n" % int(found[1]) + text.encode("utf-8", "replace"))
        return None

    def _print(self, content: bytes) -> Ending | None:
        room = self._limits.output - len(self._printed)
        part = content[: max(0, room)]
        self._printed += part
        if part and self._on_output is not None:
            self._on_output(part.decode("utf-8", "replace"))
        return self._exceeded("output") if len(content) > room else None

    def _progress(self, content: bytes) -> Ending | None:
        told = self._json(content)
        if not self._count_output(len(content)):
            return self._exceeded("output")
        if self._on_progress is not None and isinstance(told, dict):
            self._on_progress(told)
        return None

    def _count_output(self, count: int) -> bool:
        """Count what is said beside the output: without a bound, a script could keep the host busy for nothing."""
        self.usage["said"] = self.usage.get("said", 0) + count
        return self.usage["said"] <= self._limits.output

    def _note_usage(self, content: bytes) -> None:
        found = _USED.fullmatch(content)
        if found is not None:
            self.usage["cpu"] = self.usage.get("cpu", 0.0) + float(found[1])
            self.usage["memory"] = float(found[2])

    @staticmethod
    def _json(content: bytes) -> Any:
        try:
            return _DECODER.decode(content.decode())
        except (ValueError, RecursionError) as error:
            raise ChildEnded("protocol", f"the child sent what is no JSON: {error}") from error

    # How it ended.

    def _exceeded(self, name: str, line: int | None = None) -> Ending:
        message = self._limits.exceeded(name)
        shown = f"script:{line}: {message}" if line else message
        return Ending("error", error=ScriptError("limit", shown, line, limit=name))

    def _lost(self, error: ChildEnded) -> Ending:
        if error.reason == "frame":
            return self._exceeded("frame")
        if error.reason == "protocol":
            return Ending("error", error=ScriptError("process", str(error)))
        status, seconds = self._process.status(), None
        if status is not None:
            status, seconds = self._process.end()
        if seconds is not None:
            self.usage["cpu"] = max(self.usage.get("cpu", 0.0), seconds)
        by_cpu = status in {-signal.SIGXCPU, -signal.SIGKILL} and (seconds or 0) >= self._limits.cpu * 0.9
        if by_cpu:
            return self._exceeded("cpu")
        if status in {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGKILL, -signal.SIGBUS}:
            return self._exceeded("memory")
        return Ending("error", error=ScriptError("process", f"the process of the script ended (status {status})"))

    def _failed(self, told: Any) -> Ending:
        told = told if isinstance(told, dict) else {}
        # Where the heap is full, the child finds no room for the words of its own error.
        if "message" not in told and self.usage.get("memory", 0) >= self._limits.memory:
            return self._exceeded("memory")
        kind, message = str(told.get("kind")), str(told.get("message", "the script failed"))
        message = message.split("\nstack traceback:", maxsplit=1)[0]
        found = _AT_LINE.match(message)
        line = int(found[1]) if found else None
        trace = told.get("trace")
        frames = tuple(one for one in trace if isinstance(one, dict)) if isinstance(trace, list) else ()
        if line is None and frames and isinstance(frames[0].get("line"), int):
            line = frames[0]["line"]
        if kind in {"cpu", "memory"}:
            return self._exceeded(kind, line)
        bare = message[found.end() :] if found else message
        # What is no text, such as `error({code = 5})`, gets its line here.
        message = message if found or line is None else f"script:{line}: {message}"
        limit = next((name for words, name in _LIMITS_OF_LUA.items() if words in message), None)
        if limit is not None:
            return Ending("error", error=ScriptError("limit", message, line, limit=limit, trace=frames))
        if kind == "syntax":
            column = self._column(line, message)
            return Ending("error", error=ScriptError("syntax", message, line, column))
        tool_error = self._handler.errors.get(bare)
        if tool_error is not None:
            faults = getattr(tool_error, "faults", ())
            near = next((fault.nearest for fault in faults if fault.nearest), None)
            suggestion = f"Did you mean {near}?" if near else tool_error.hint
            kind = next((word for of, word in _KINDS if isinstance(tool_error, of)), "tool")
            details = tool_error.to_dict()
            return Ending("error", error=ScriptError(kind, message, line, None, suggestion, None, frames, details))
        meant = re.search(r"; (did you mean [\w.\"\[\]-]+\?)$", bare)
        if meant is not None:
            return Ending("error", error=ScriptError("name", message, line, None, meant[1].capitalize(), None, frames))
        return Ending("error", error=ScriptError("runtime", message, line, None, _hint(bare), None, frames))

    def _column(self, line: int | None, message: str) -> int | None:
        """Return where in its line the token stands that a syntax error names, counted from 1."""
        near = re.search(r"near '(.*)'$", message, re.DOTALL)
        lines = self._source.splitlines()
        if line is None or near is None or not 0 < line <= len(lines):
            return None
        at = lines[line - 1].find(near[1])
        return at + 1 if at >= 0 else None


_GLOBALS: Final = (
    "app", "args", "assert", "coroutine", "docs", "dump", "error", "ipairs", "json", "math", "next", "now", "pairs",
    "parallel", "parallel_map", "pcall", "print", "progress", "random", "regex", "select", "setmetatable", "sleep",
    "string", "table", "tonumber", "tostring", "type", "utf8", "xpcall",
)  # fmt: skip
_ABSENT: Final = frozenset(
    {"io", "os", "package", "require", "load", "loadstring", "dofile", "loadfile", "debug", "python"}
)


def _hint(message: str) -> str | None:
    """Return the next step for errors of Lua itself: `attempt to call a nil value (global 'pint')` -> `print`."""
    found = re.search(r"\(global '(\w+)'\)", message)
    if found is None:
        return None
    if found[1] in _ABSENT:
        return f"Scripts have no {found[1]}: no files, processes, network or modules."
    near = nearest(found[1], _GLOBALS)
    return f"Did you mean {near}?" if near and near != found[1] else None
