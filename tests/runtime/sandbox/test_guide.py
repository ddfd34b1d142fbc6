"""What the guides say of the sandbox and of webhooks, held against the sandbox itself."""

import json
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn
from werkzeug.serving import make_server

from retell_ai import sign_webhook
from tests.eventually import eventually
from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.sample_events import sample_event

ROOT = Path(__file__).parents[3]
REGISTRY = json.loads((ROOT / "generated" / "retell_ai" / "registry.json").read_bytes())
GUIDES = ROOT / "spec" / "retell_ai" / "guide"
KEY = "key_123"


def test_the_guide_lists_the_numbers_that_the_spec_declares():
    text = (GUIDES / "sandbox_server.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(555)-(\d{4})` \| (.+) \|$", text, re.MULTILINE)
    declared = REGISTRY["resources"]["call"]["personas"]["known"]
    assert [(area + last, says) for area, last, says in listed] == [(one["ends"], one["summary"]) for one in declared]


def test_the_guide_names_the_options_of_the_command():
    text = (GUIDES / "sandbox_server.md").read_text(encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "retell_ai", "sandbox", "serve", "--help"], capture_output=True, text=True, check=True
    )
    named = set(re.findall(r"--[a-z][a-z-]+", text))
    assert named <= set(re.findall(r"--[a-z-]+", ended.stdout)) | {"--sandbox"}


def test_each_fact_is_known_or_a_guess_and_has_a_source():
    text = (GUIDES / "sandbox_facts.md").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| ")][1:]
    sources = ("SDK", "April", "docs", "log", "none", "made up")
    assert len(rows) > 40
    assert [row for row in rows if len(row) != 3 or row[1] not in ("known", "guess")] == []
    assert [row for row in rows if not row[2].startswith(sources) or "guess" in row[2]] == []
    assert [row for row in rows if row[1] == "known" and row[2].startswith(("none", "made up"))] == []


def recipe(name):
    text = (GUIDES / "webhook_receivers.md").read_text(encoding="utf-8")
    code = re.search(rf"^## {name}\n\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]
    # Flask looks for the folder of the module that makes the application.
    found = {"__name__": __name__}
    exec(compile(code, name, "exec"), found)
    return found["app"]


def serve_fastapi(app):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    server.capture_signals = _nothing
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    eventually(lambda: server.started)

    def stop():
        server.should_exit = True
        thread.join(10)
        listening.close()

    return listening.getsockname()[1], stop


class _nothing:  # noqa: N801 - it stands in for a method
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def serve_flask(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def stop():
        server.shutdown()
        thread.join(10)
        server.server_close()

    return server.server_port, stop


@pytest.mark.parametrize(("name", "serve"), [("FastAPI", serve_fastapi), ("Flask", serve_flask)])
def test_the_recipe_takes_what_the_provider_signed_once_and_nothing_else(name, serve, capsys):
    payload = sample_event(Sandbox(REGISTRY).registry, "call_ended", {})
    body = json.dumps(payload).encode()
    port, stop = serve(recipe(name))
    try:
        url = f"http://127.0.0.1:{port}/webhook"
        right = {"x-retell-signature": sign_webhook(body, KEY), "connection": "close"}
        wrong = {"x-retell-signature": sign_webhook(body, "another"), "connection": "close"}
        statuses = [httpx.post(url, content=body, headers=one).status_code for one in (right, right, wrong)]
        unsigned = httpx.post(url, content=body, headers={"connection": "close"}).status_code
    finally:
        stop()
    assert (statuses, unsigned) == ([204, 204, 401], 401)
    assert capsys.readouterr().out.count("call_ended {") == 1


def test_the_fixtures_serve_a_sandbox_for_each_test(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "import os\n"
        "from retell_ai import Client\n"
        "def test_in_process(retell_sandbox):\n"
        "    Client(sandbox=retell_sandbox).create_retell_llm(model='gpt-4.1')\n"
        "    assert len(retell_sandbox.records('retell_llm')) == 3\n"
        "def test_on_a_port(retell_sandbox_server, retell_sandbox):\n"
        "    assert os.environ['RETELL_BASE_URL'] == retell_sandbox_server.url\n"
        "    with Client() as client:\n"
        "        client.create_retell_llm(model='gpt-4.1')\n"
        "    assert len(retell_sandbox.records('retell_llm')) == 3\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr
