"""The budgets, each with its way of being measured, and peers measured in the same run."""

import ast
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from large_document import write_large_document
from large_spec import write_large_spec
from processes import ROOT, beyond_bare, official_sdk, peak_memory, python, seconds
from rows import Row

SPEC = ROOT / "spec" / "retell_ai"
NO_SDK = "The official SDK is not installed: its figures are left out."
LARGER = 10


def import_time() -> list[Row]:
    """Time `import retell_ai`."""
    commands = {"here": python("import retell_ai"), "httpx": python("import httpx")}
    found = beyond_bare(commands, rounds=15)
    peers = {"httpx": found["httpx"]}
    if official_sdk():
        peers |= _named_sdk(beyond_bare({"sdk": python("import retell")}, rounds=3)["sdk"])
    return [Row("import beyond a bare interpreter", found["here"], "ms", 5, peers, _sdk_note())]


def memory() -> list[Row]:
    """Measure memory after import and a client, and after a first call."""
    client = "import httpx, retell_ai\nclient = retell_ai.Client(api_key='key_benchmark', http_client={})"
    benchmarks = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nimport calls\n"
    httpx_alone = peak_memory("import httpx\nclient = httpx.Client()")
    bare = {"bare interpreter": peak_memory("pass")}
    peers = {"httpx": httpx_alone} | bare
    if official_sdk():
        peers |= _named_sdk(peak_memory("import retell\nclient = retell.Retell(api_key='key_benchmark')"))
    after_call = peak_memory(f"{benchmarks}calls.contestants()['here']()")
    raw_call = {"httpx": peak_memory(f"{benchmarks.replace('import calls', '')}{_RAW_CALL}")}
    return [
        Row(
            "memory after import and a client",
            peak_memory(client.format("httpx.Client()")),
            "MB",
            httpx_alone + 5,
            peers,
        ),
        Row("memory after a first call", after_call, "MB", None, raw_call),
    ]


_RAW_CALL = """
import httpx
answer = lambda request: httpx.Response(201, json={})
httpx.Client(transport=httpx.MockTransport(answer)).post("https://localhost/", json={}).json()
"""


def call_time() -> list[Row]:
    """Time one validated call over raw httpx."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("calls.py")),
        *(["--with-sdk"] if official_sdk() else []),
    ]
    taken = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)
    peers = {"httpx": 1.0} | (_named_sdk(_ratio(taken, "sdk")) if "sdk" in taken else {})
    microseconds = statistics.median(taken["here"]) * 1e6
    raw = statistics.median(taken["httpx"]) * 1e6
    note = f"One call took {microseconds:.0f} us of CPU here, {raw:.0f} us in raw httpx."
    return [Row("one call with validation, over raw httpx", _ratio(taken, "here"), "x", 1.0, peers, note)]


def generation() -> list[Row]:
    """Time the generator on the whole spec, and on one ten times as large."""
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder, "large")
        large.mkdir()
        write_large_spec(SPEC, large, LARGER)
        once = statistics.median(_generate(SPEC, Path(folder, f"out{run}", SPEC.name)) for run in range(5))
        tenfold = statistics.median(_generate(large, Path(folder, f"large_out{run}", SPEC.name)) for run in range(2))
    peers = {"one": once, "ten": tenfold}
    return [
        Row("toolgen generate, the whole API", once, "s", 0.8),
        Row(
            "the same for a spec ten times as large",
            tenfold / once,
            "x",
            8,
            {},
            f"Ten times as large took {peers['ten']:.1f} s.",
        ),
    ]


def documents() -> list[Row]:
    """Time import and drift of a document of three megabytes, beside openapi-python-client where it is on the path."""
    with tempfile.TemporaryDirectory() as folder:
        document, spec = Path(folder, "large.json"), Path(folder, "spec")
        write_large_document(document)
        ours = [sys.executable, "-m", "tool_generator"]
        taken = seconds([*ours, "import", str(document), "--spec", str(spec)])
        judged = seconds([*ours, "drift", str(document), "--spec", str(spec)])
        other = shutil.which("openapi-python-client")
        peers = {}
        if other:
            command = [other, "generate", "--path", str(document), "--output-path", str(Path(folder, "peer"))]
            peers["openapi-python-client"] = seconds([*command, "--meta", "none"])
    budget = min([3.0, *(value / 2 for value in peers.values())])
    note = "" if other else "openapi-python-client is not on the path: the budget is what half its time was, 3 s."
    return [
        Row("toolgen import, 300 operations of 3 MB", taken, "s", budget, peers, note),
        Row("toolgen drift, the same document", judged, "s", budget, peers),
    ]


def command_line() -> list[Row]:
    """Time the first thing that people type, and a read over loopback, as whole processes."""
    script = Path(sys.executable).with_name("retell-tools")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "retell_ai"]
    commands = {
        "help": [*program, "--help"],
        "read": [*program, "call", "list_voices"],
        "click": python("import click"),
        "httpx": python("import httpx"),
        "request": python("import httpx, os; httpx.get(os.environ['RETELL_BASE_URL'] + '/list-voices')"),
    }
    with _voices() as url, tempfile.TemporaryDirectory() as folder:
        settings = {"RETELL_API_KEY": "key_benchmark", "RETELL_BASE_URL": url, "NO_PROXY": "127.0.0.1"}
        # Nobody's own accounts, and no certificates: a read over loopback needs none, and to load them takes 20 ms.
        settings |= {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder, "SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
        found = beyond_bare(commands, rounds=11, settings=settings)
    return [
        Row("retell-tools --help over a bare interpreter", found["help"], "ms", 50, {"import click": found["click"]}),
        Row(
            "retell-tools call of a read, over a bare interpreter with httpx",
            found["read"] - found["httpx"],
            "ms",
            60,
            {"import httpx": found["httpx"], "the same read with httpx": found["request"]},
        ),
    ]


@contextmanager
def _voices() -> Iterator[str]:
    """Serve an empty list of voices on loopback, and give the server's address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *said: object) -> None:
            """Write nothing: the report is all that the benchmark prints."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def core_size() -> list[Row]:
    """Count the lines of code of the runtime's core, and of the layer of values that the core stands on."""
    runtime = ROOT / "runtime" / "tool_runtime"
    core, values = (sorted((runtime / name).glob("*.py")) for name in ("core", "values"))
    with_text = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in core)
    peers = {
        "with docstrings, comments and blank lines": float(with_text),
        "values": float(sum(map(_code_lines, values))),
        "errors": float(_code_lines(runtime / "errors.py")),
    }
    return [Row("code of the runtime's core", sum(map(_code_lines, core)), "lines", 1800, peers)]


def scripts() -> list[Row]:
    """Time Lua scripts: a whole run in a new process and in one that is ready, a call of a tool, a large result."""
    command = [sys.executable, str(Path(__file__).with_name("lua_scripts.py"))]
    taken = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)
    median = {name: statistics.median(values) * 1000 for name, values in taken.items()}
    bare = {"bare interpreter": median["bare"]}
    echo = {"a pipe between two processes": median["pipe"]}
    return [
        Row("Lua: a whole run, cold", median["cold"], "ms", 40, bare),
        Row("Lua: a whole run, in a process that is ready", median["warm"], "ms", 5, bare),
        Row("Lua: one call of the host", median["call"], "ms", 0.2, echo),
        Row("Lua: a result of 1 MB", median["megabyte"], "ms", 200, {"json.loads": median["loads"]}),
    ]


def servers() -> list[Row]:
    """Time and weigh the MCP server: its first answer, and the list of tools in each mode, beside FastMCP's import."""
    import mcp_servers

    peer = mcp_servers.fast_mcp()
    sdk = {
        "import of the SDK alone": statistics.median(seconds(python("import mcp.server.lowlevel")) for _ in range(5))
    }
    started = mcp_servers.first_answer() / 1000
    rows = [Row("MCP: start to the first answer", started, "s", 0.7, sdk | peer.get("start", {}))]
    for mode, budget in (("search", 8), ("code", 8), ("tools", 250)):
        size = mcp_servers.list_size(mode)
        rows.append(Row(f"MCP: tools/list, mode {mode}", size / 1000, "kB", budget, peer.get("list", {})))
    return rows


MEASURES: Mapping[str, Callable[[], list[Row]]] = {
    "import": import_time,
    "memory": memory,
    "call": call_time,
    "generate": generation,
    "documents": documents,
    "command": command_line,
    "core": core_size,
    "lua": scripts,
    "mcp": servers,
}


def _generate(spec: Path, out: Path) -> float:
    return seconds([sys.executable, "-m", "tool_generator", "generate", "--spec", str(spec), "--out", str(out)])


def _ratio(taken: Mapping[str, list[float]], name: str) -> float:
    return statistics.median(ours / raw for ours, raw in zip(taken[name], taken["httpx"], strict=True))


def _named_sdk(value: float) -> dict[str, float]:
    return {f"retell-sdk {official_sdk()}": value}


def _sdk_note() -> str:
    return "" if official_sdk() else NO_SDK


def _code_lines(path: Path) -> int:
    # Docstrings count as text: only lines that hold something else are code.
    source = path.read_text(encoding="utf-8")
    text_lines: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text_lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(source.splitlines(), start=1)
    return sum(
        1 for number, line in lines if line.strip() and not line.strip().startswith("#") and number not in text_lines
    )
