"""What a person sees: `configure` asks without showing the key; `audit --follow` shows what comes and ends by Ctrl-C.
A key in the keyring stands there and nowhere else.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time

import pytest

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

CANARY = "key_canary_7f3a"
# A keyring in a file, as the system's own would be in a store.
BACKEND = """
import json, os
from keyring.backend import KeyringBackend
class FileKeyring(KeyringBackend):
    priority = 1
    path = os.environ["KEYRING_FILE"]
    def _all(self):
        return json.load(open(self.path)) if os.path.exists(self.path) else {}
    def _write(self, known):
        with open(self.path, "w") as file:
            json.dump(known, file)
    def get_password(self, service, name):
        with_name = self._all().get(f"{service}/{name}")
        return with_name
    def set_password(self, service, name, key):
        self._write(self._all() | {f"{service}/{name}": key})
    def delete_password(self, service, name):
        self._write({place: key for place, key in self._all().items() if place != f"{service}/{name}"})
"""


def command(package_folder, *arguments):
    start = "from pathlib import Path; from tool_runtime.surfaces.cli import run; "
    return [sys.executable, "-c", f"{start}run(Path({str(package_folder)!r}), {arguments!r})"]


@pytest.fixture
def environment(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("LIBRARY_")}
    places = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    return own | places | {"TERM": "dumb", "COLUMNS": "80"}


def told(terminal, until, seconds=60):
    """Read what a terminal shows until a text stands there; the seconds only end a test that fails."""
    shown, end = "", time.monotonic() + seconds
    while until not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{until!r} did not come after {shown!r}"
        shown += os.read(terminal, 65536).decode()
    return shown


def test_configure_asks_and_never_shows_the_key(package_folder, environment, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(package_folder, "configure", "--account", "eu"),
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = ""
    for question, answer in [
        ("Where is the key", "file"),
        ("not shown", CANARY),
        ("Another root", ""),
        ("What may writes do", "deny"),
    ]:
        shown += told(ours, question)
        # A hidden question switches the terminal's echo off before the question is written.
        os.write(ours, f"{answer}\n".encode())
    shown += told(ours, "accounts test eu")
    assert process.wait(timeout=60) == 0
    os.close(ours)
    assert CANARY not in shown
    text = (tmp_path / "config" / "library" / "accounts.toml").read_text()
    assert CANARY in text
    assert 'write = "deny"' in text


@pytest.fixture
def keyring(environment, tmp_path):
    """Use a keyring in a file, and return that file."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "file_keyring.py").write_text(BACKEND)
    environment |= {
        "PYTHONPATH": str(tmp_path / "modules"),
        "PYTHON_KEYRING_BACKEND": "file_keyring.FileKeyring",
        "KEYRING_FILE": str(tmp_path / "keys.json"),
    }
    return tmp_path / "keys.json"


def test_a_key_in_the_keyring_is_used_and_stands_nowhere_else(package_folder, environment, keyring, tmp_path, remote):
    environment |= {"LIBRARY_BASE_URL": remote.url}

    def run(*words, stdin=""):
        line = command(package_folder, *words)
        return subprocess.run(
            line, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=60
        )

    shown = [
        run("accounts", "set", "eu", "--keyring", "--key-stdin", stdin=CANARY),
        run("call", "get_book", '{"book_id": "b1"}', "--account", "eu"),
        run("accounts", "list", "--json"),
    ]
    assert [ended.returncode for ended in shown] == [0, 0, 0], shown[0].stderr
    assert json.loads(shown[2].stdout)["data"][0]["key_place"] == "the keyring"
    assert CANARY not in "".join(ended.stdout + ended.stderr for ended in shown)
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert holding == [keyring]
    assert run("accounts", "remove", "eu").returncode == 0
    assert json.loads(keyring.read_text()) == {}


def test_follow_shows_what_comes_and_ends_by_an_interrupt(package_folder, environment, remote):
    environment |= {"LIBRARY_BASE_URL": remote.url, "LIBRARY_API_KEY": "key_for_tests"}
    line = command(package_folder, "audit", "--follow", "-o", "ndjson")
    write = command(package_folder, "call", "lend_book", '{"book_id": "b1"}', "--force")
    # One entry before, so that the first line says that following has begun.
    subprocess.run(write, env=environment, capture_output=True, check=True, timeout=60)
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = json.loads(process.stdout.readline())
        subprocess.run(write, env=environment, capture_output=True, check=True, timeout=60)
        second = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
    assert first["outcome"] == "done"
    assert second["id"] != first["id"]
