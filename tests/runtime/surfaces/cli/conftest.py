"""A small API of another kind, and a way to run the command line over it."""

import io
import json
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tool_runtime.surfaces.cli.app import execute

BOOK_ID = {"in": "path", "required": True, "schema": {"type": "string"}, "description": "The book."}
LIBRARY = {
    "registry": 1,
    "api": {
        "name": "library",
        "slug": "town-library",
        "title": "Town Library",
        "version": "2.1.0",
        "command": "library",
        "distribution": "library-tools",
        "environment": "LIBRARY",
    },
    "server": {"base_url": "https://library.example"},
    "auth": {"in": "header", "name": "X-API-Key"},
    "errors": {"message": ["detail"]},
    "groups": {
        "books": {
            "title": "Books",
            "summary": "What stands on the shelves.",
            "tools": ["get_book", "burn_book"],
        },
        "loans": {"title": "Loans", "summary": "What does not.", "tools": ["lend_book"]},
    },
    "tools": {
        "get_book": {
            "name": "get_book",
            "full_name": "library_get_book",
            "aliases": ["fetch_book"],
            "group": "books",
            "class": "read",
            "effects": [],
            "method": "GET",
            "path": "/books/{book_id}",
            "summary": "Read one book's record.",
            "parameters": {"book_id": BOOK_ID},
            "returns": {"status": 200, "schema": {"type": "object"}},
        },
        "burn_book": {
            "name": "burn_book",
            "full_name": "library_burn_book",
            "aliases": [],
            "group": "books",
            "class": "write",
            "effects": ["destroy"],
            "method": "DELETE",
            "path": "/books/{book_id}",
            "summary": "Destroy a book.",
            "parameters": {"book_id": BOOK_ID},
            "returns": {"status": 204},
            "deprecated": True,
            "replaced_by": "lend_book",
        },
        "lend_book": {
            "name": "lend_book",
            "full_name": "library_lend_book",
            "aliases": [],
            "group": "loans",
            "class": "write",
            "effects": [],
            "method": "POST",
            "path": "/loans",
            "summary": "Lend a book.",
            "body": "json",
            "parameters": {
                "book_id": {**BOOK_ID, "in": "body"},
                "days": {"in": "body", "schema": {"type": "integer"}, "description": "For how long."},
            },
            "reconcile": {
                "tool": "get_book",
                "with": {"book_id": "$book_id"},
                "note": "A lent book says so.",
            },
            "returns": {"status": 201, "schema": {"type": "object"}},
        },
    },
    "types": {},
}


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document on stdout: with --json the envelope of the run."""
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        """The data, in an envelope or alone."""
        document = self.document
        return document["data"] if isinstance(document, dict) and "duration_ms" in document else document

    @property
    def envelope(self) -> Any:
        """The error in the envelope of the run."""
        document = self.document
        assert document["success"] is False
        return document["error"]


@pytest.fixture
def package_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "shallow").mkdir()
    for part in ("tools", "types", "guides"):
        (folder / "reference" / part).mkdir(parents=True)
    (folder / "registry.json").write_text(json.dumps(LIBRARY))
    (folder / "api.json").write_text(json.dumps({"api": LIBRARY["api"]}))
    for name, entry in LIBRARY["tools"].items():
        schema = {
            "type": "object",
            "properties": {"book_id": {"type": "string"}},
            "title": entry["full_name"],
        }
        (folder / "schemas" / f"{name}.json").write_text(json.dumps(schema))
        shallow = {"$comment": "made by a generator", "type": "object", "description": entry["summary"]}
        (folder / "schemas" / "shallow" / f"{name}.json").write_text(json.dumps(shallow))
        (folder / "reference" / "tools" / f"{name}.md").write_text(f"# {name}\n\n**{entry['summary']}**\n")
    for name in LIBRARY.get("types", {}):
        (folder / "reference" / "types" / f"{name}.md").write_text(f"# {name}\n\nA type.\n")
    (folder / "reference" / "guides" / "retries.md").write_text("# Retries and outcomes\n\nOnce.\n")
    (folder / "reference" / "overview.md").write_text("# Town Library\n\nRead this first.\n")
    (folder / "reference" / "town-library.md").write_text("# Town Library\n\nAll of it.\n")
    return folder


@pytest.fixture
def cli(
    package_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run the library's command line in this process, without any of the environment's settings."""
    for name in ("LIBRARY_API_KEY", "LIBRARY_BASE_URL", "LIBRARY_SANDBOX", "LIBRARY_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(package_folder.parent / name))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, stdin: bytes = b"", folder: Path = package_folder, **environment: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            for name, value in environment.items():
                patch.setenv(name, value)
            code = execute(folder, arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@dataclass
class Remote:
    """A server on the loopback interface: what it will answer, and what it was asked."""

    url: str
    status: int = 200
    body: bytes = b"{}"
    asked: list[str] = field(default_factory=list)
    hang_up: bool = False
    interrupt: bool = False


@pytest.fixture
def remote() -> Iterator[Remote]:
    state = Remote(url="")

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            state.asked.append(f"{self.command} {self.path} {self.rfile.read(length).decode()}".strip())
            if state.interrupt:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            if state.hang_up or state.interrupt:
                self.close_connection = True
                return
            self.send_response(state.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()
        thread.join(timeout=5)
