"""The ledger in a file: private, locked, full, damaged, moved, old."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ledger_cases import NOW, ending, intent, run

from tool_runtime.accounts.sqlite_ledger import Ledger, default_ledger_path
from tool_runtime.core.ledger import LedgerNotWritten
from tool_runtime.errors import ConfigurationError

DAY = 24 * 60 * 60 * 1000
posix = pytest.mark.skipif(os.name != "posix", reason="signals, forks and modes are those of POSIX")


def test_a_commit_waits_for_the_disk(ledger):
    ledger.begin(intent())
    with ledger._file.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@posix
def test_only_the_user_may_read_the_file_and_the_folders_that_the_ledger_makes(path, ledger):
    ledger.begin(intent())
    shown = {found.name: stat.S_IMODE(found.stat().st_mode) for found in [path.parent, path.parent.parent]}
    files = {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert shown == {"tools": 0o700, "state": 0o700}
    assert files == {0o600}


@posix
def test_a_file_that_others_could_read_is_closed_to_them(path, ledger):
    path.parent.mkdir(parents=True)
    path.touch(0o644)
    path.chmod(0o644)
    ledger.begin(intent())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def refused(ledger):
    """Return the error of `begin`, after which nothing may be in the ledger, and the one of `find`."""
    with pytest.raises(ConfigurationError) as caught:
        ledger.begin(intent())
    assert str(ledger.path) in caught.value.message
    assert caught.value.outcome == "not_sent"
    assert caught.value.hint
    return caught.value


def damaged(content):
    def make(path):
        path.write_bytes(content)

    return make


def of_another_program(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


def of_a_later_release(path):
    made = Ledger(path)
    made.begin(intent("older"))
    made.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def without_its_tables(path):
    of_a_later_release(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE entries")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def overwritten_in_the_middle(path):
    made = Ledger(path)
    made.begin(intent("older"))
    made.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


UNUSABLE = {
    "text": (damaged(b"hello " * 1000), "no ledger"),
    "a short text": (damaged(b"x"), "no ledger"),
    "a database of another program": (of_another_program, "another program"),
    "a later release's": (of_a_later_release, "format 99"),
    "no tables": (without_its_tables, "damaged"),
    "overwritten pages": (overwritten_in_the_middle, "damaged"),
    "a folder": (Path.mkdir, "folder"),
    "a device": (lambda path: path.symlink_to("/dev/null"), "device"),
    "a link to itself": (lambda path: path.symlink_to(path), "links"),
}


@posix
@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_file_that_is_no_ledger_of_this_release_is_refused_by_name_and_left_as_it_is(path, ledger, kind):
    make, words = UNUSABLE[kind]
    path.parent.mkdir(parents=True)
    make(path)
    before = path.read_bytes() if path.is_file() else None

    assert words in refused(ledger).message

    with pytest.raises(ConfigurationError):
        ledger.find()
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("intent", "{"),
        ("intent", "[]"),
        ("intent", '{"id": 1}'),
        ("ending", "null"),
        ("ending", "{}"),
        ("process", "x"),
    ],
)
def test_an_entry_that_no_ledger_wrote_is_refused_and_nothing_is_sent(path, ledger, column, value):
    ledger.begin(intent("older"))
    ledger.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE entries SET {column} = ?", (value,))
    connection.close()

    for read in (lambda: ledger.begin(intent(), judge=lambda _: None), ledger.find, lambda: ledger.get("older")):
        with pytest.raises(ConfigurationError, match="damaged") as caught:
            read()
        assert caught.value.outcome == "not_sent"
    ledger.begin(intent("another", digest="d2"), judge=lambda _: None)


@pytest.mark.parametrize("tail", ["a file/ledger", "x" * 300, "half\x00"], ids=["below a file", "long", "with NUL"])
def test_a_path_that_cannot_be_is_refused_by_name(tmp_path, tail):
    (tmp_path / "a file").write_text("here")
    refused(Ledger(tmp_path / tail))


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_path_that_sqlite_would_keep_nowhere_is_refused(path):
    with pytest.raises(ConfigurationError, match="no file"):
        Ledger(path)


@pytest.mark.parametrize("days", [0, 0.5, -1, float("nan")])
def test_entries_that_caps_count_must_be_kept(path, days):
    with pytest.raises(ConfigurationError, match="keep_days"):
        Ledger(path, keep_days=days)


@pytest.fixture
def a_folder_of_a_plain_user():
    """Give a folder that a user without root's rights owns, and make this process that user."""
    folder = Path(tempfile.mkdtemp())
    as_root = os.geteuid() == 0
    if as_root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    yield folder
    if as_root:
        os.seteuid(0)
    for found in [folder, *folder.rglob("*")]:
        found.chmod(0o700)
    shutil.rmtree(folder)


@posix
def test_a_folder_without_the_right_to_write_is_refused_by_name(a_folder_of_a_plain_user):
    a_folder_of_a_plain_user.chmod(0o500)
    assert "writable" in refused(Ledger(a_folder_of_a_plain_user / "ledger")).hint
    assert "writable" in refused(Ledger(a_folder_of_a_plain_user / "new" / "ledger")).hint


@posix
@pytest.mark.parametrize("mode", [0o400, 0o000])
def test_a_file_without_the_right_to_write_is_refused_by_name(a_folder_of_a_plain_user, mode):
    path = a_folder_of_a_plain_user / "ledger"
    made = Ledger(path)
    made.begin(intent("older"))
    made.close()
    path.chmod(mode)
    ledger = Ledger(path)

    assert "writable" in refused(ledger).hint

    path.chmod(0o600)
    ledger.begin(intent())
    assert len(ledger.find()) == 2
    ledger.close()


def test_a_lock_that_another_process_keeps_is_an_error_that_says_so_and_an_ending_waits_in_memory(path):
    ledger = Ledger(path, busy_seconds=0.01)
    ledger.begin(intent())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(ConfigurationError, match="locked"):
        ledger.begin(intent("call_2"))
    with pytest.raises(LedgerNotWritten, match="locked") as caught:
        ledger.end("call_1", ending(ids={"call_id": "c1"}))
    with pytest.raises(LedgerNotWritten):
        ledger.deliver("call_1")

    assert caught.value.id == "call_1"
    assert ledger.get("call_1").ending == ending(ids={"call_id": "c1"})
    assert [entry.intent.id for entry in ledger.find(outcome="done")] == ["call_1"]
    other = Ledger(path)
    assert other.get("call_1").outcome == "under_way"

    holder.execute("ROLLBACK")
    holder.close()
    ledger.begin(intent("call_2"))
    assert other.get("call_1").ending == ending(ids={"call_id": "c1"})
    ledger.close()
    other.close()


@pytest.mark.parametrize("how", ["end of another", "close"])
def test_an_ending_that_waits_in_memory_is_written_with_the_next_write(path, how):
    ledger = Ledger(path, busy_seconds=0.01)
    ledger.begin(intent())
    ledger.begin(intent("call_2"))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerNotWritten):
        ledger.end("call_1", ending("refused"))
    ledger_closed_meanwhile = Ledger(path, busy_seconds=0.01)
    holder.close()

    ledger.end("call_2", ending()) if how == "end of another" else ledger.close()

    assert ledger_closed_meanwhile.get("call_1").outcome == "refused"
    ledger.close()
    ledger_closed_meanwhile.close()


@posix
def test_a_full_disk_stops_a_call_before_it_is_sent_and_no_call_that_was_done(path, ledger):
    program = """
import resource
from tool_runtime.errors import ConfigurationError
from tool_runtime.core.ledger import LedgerNotWritten
ledger.begin(intent())
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
try:
    ledger.begin(intent('call_2'))
except ConfigurationError as error:
    print(error.hint)
try:
    ledger.end('call_1', ending())
except LedgerNotWritten as error:
    print(error.id)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
ledger.begin(intent('call_3'))
"""
    code, printed = run(path, program)
    assert code == 0
    assert printed.splitlines() == ["Make room on the disk, or name a file on another one.", "call_1"]
    assert {entry.intent.id: entry.outcome for entry in ledger.find()} == {"call_1": "done", "call_3": "unknown"}


@pytest.mark.parametrize("broken", [{"ids": None}, {"status": {1}}, {"error": b"code"}], ids=str)
def test_an_ending_that_is_broken_itself_raises_nothing_else_and_stops_no_later_call(ledger, broken):
    ledger.begin(intent())
    with pytest.raises(LedgerNotWritten):
        ledger.end("call_1", ending(**broken))
    assert ledger.get("call_1").outcome == "under_way"
    ledger.begin(intent("call_2"))


def test_of_two_endings_that_wait_in_memory_the_first_certain_one_stands(path):
    ledger = Ledger(path, busy_seconds=0.01)
    ledger.begin(intent())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for outcome in ("unknown", "done", "unknown", "refused"):
        with pytest.raises(LedgerNotWritten):
            ledger.end("call_1", ending(outcome))
    holder.close()
    ledger.begin(intent("call_2"))
    assert ledger.get("call_1").outcome == "done"
    ledger.close()


def test_a_file_that_is_removed_while_open_is_made_anew(path, ledger):
    ledger.begin(intent())
    for found in path.parent.iterdir():
        found.unlink()

    with pytest.raises(LedgerNotWritten, match="replaced"):
        ledger.end("call_1", ending())
    ledger.begin(intent("call_2"))

    other = Ledger(path)
    assert [entry.intent.id for entry in other.find()] == ["call_2"]
    other.close()


def test_a_file_that_is_moved_while_open_keeps_what_it_has(path, ledger):
    ledger.begin(intent())
    old = path.parent / "old"
    old.mkdir()
    for found in list(path.parent.glob("ledger*")):
        found.rename(old / found.name)

    ledger.begin(intent("call_2"))

    assert [entry.intent.id for entry in ledger.find()] == ["call_2"]
    moved = Ledger(old / path.name)
    assert [entry.intent.id for entry in moved.find()] == ["call_1"]
    moved.close()


def test_a_write_from_within_a_judge_is_refused_and_spoils_nothing(ledger):
    ledger.begin(intent("call_1"))
    raised = []

    def judge(found):
        with pytest.raises(ConfigurationError) as caught:
            ledger.begin(intent("call_2"))
        with pytest.raises(LedgerNotWritten):
            ledger.end("call_1", ending())
        raised.append(caught.value.hint)

    ledger.begin(intent("call_3"), judge=judge)

    assert len(raised) == 1
    ledger.begin(intent("call_4"))
    assert [(entry.intent.id, entry.outcome) for entry in ledger.find()] == [
        ("call_4", "under_way"),
        ("call_3", "under_way"),
        ("call_1", "done"),
    ]


@posix
def test_an_interrupt_within_begin_writes_nothing_and_gives_the_lock_back(path, ledger):
    def interrupt(found):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.begin(intent(), judge=interrupt)

    other = Ledger(path, busy_seconds=0.01)
    other.begin(intent())
    other.close()


def test_old_entries_go_except_those_that_nobody_resolved(path, ledger):
    for entry_id, age, outcome in (
        ("old done", 91, "done"),
        ("old refused", 400, "refused"),
        ("old unknown", 91, "unknown"),
        ("old resolved", 91, "unknown"),
        ("old without an ending", 91, None),
        ("young done", 89, "done"),
    ):
        ledger.begin(intent(entry_id, at_ms=NOW - age * DAY))
        if outcome is not None:
            ledger.end(entry_id, ending(outcome))
    ledger.resolve("old resolved", "done", "seen")

    fresh = Ledger(path, now_ms=lambda: NOW)
    fresh.begin(intent("new"))

    kept = {"old unknown", "old without an ending", "young done", "new"}
    assert {entry.intent.id for entry in fresh.find()} == kept
    fresh.close()


@pytest.mark.parametrize(("keep_days", "left"), [(None, 2), (float("inf"), 2), (3000, 2), (1, 1)])
def test_the_age_at_which_entries_go_is_adjustable(path, keep_days, left):
    ledger = Ledger(path, keep_days=keep_days, now_ms=lambda: NOW)
    ledger.begin(intent("old", at_ms=NOW - 2000 * DAY))
    ledger.end("old", ending())
    ledger.begin(intent("new"))
    assert len(ledger.find()) == left
    ledger.close()


def test_a_call_whose_clock_is_years_ahead_removes_nothing(path, ledger):
    ledger.begin(intent("done"))
    ledger.end("done", ending())
    fresh = Ledger(path, now_ms=lambda: NOW)
    fresh.begin(intent("ahead", at_ms=NOW + 4000 * DAY))
    assert len(fresh.find()) == 2
    fresh.close()


def test_the_path_does_not_depend_on_a_later_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger("ledger")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    ledger.begin(intent())
    ledger.close()
    assert (tmp_path / "ledger").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_default_path_is_in_the_users_state_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert default_ledger_path("tools") == Path("/somewhere/.local/state/tools/ledger.sqlite3")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_ledger_path("tools") == Path("/state/tools/ledger.sqlite3")


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_a_state_folder_that_depends_on_the_working_directory_is_not_used(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "state")

    def chosen():
        try:
            return default_ledger_path("tools")
        except ConfigurationError:
            return None

    # Old releases of platformdirs take the folder as it is, which is refused; newer ones leave it aside.
    assert chosen() is None or chosen().is_absolute()


def test_a_ledger_that_nobody_closes_leaves_no_warning(path):
    program = "from ledger_cases import intent; from tool_runtime.accounts.sqlite_ledger import Ledger; import sys\n"
    program += "Ledger(sys.argv[1]).begin(intent())"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", program, str(path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert ended.stderr == ""
