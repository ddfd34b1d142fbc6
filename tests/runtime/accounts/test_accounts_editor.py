"""Changes to the accounts file: comments stay, writers wait for each other, and a killed one breaks nothing."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runtime.accounts.accounts_editor import Change, edit_project_file, edit_user_file, setting_path, setting_value
from tool_runtime.accounts.accounts_file import read_user_file
from tool_runtime.errors import ConfigurationError, InvalidArguments
from tool_runtime.values.secrets import Secret

CANARY = "key_canary_7f3a"
WRITER = """
import sys
from pathlib import Path
from tool_runtime.accounts.accounts_editor import Change, edit_user_file
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for number in range(count):
    edit_user_file(path, Change(f"{name}{number}", {"base_url": "https://api.example", "policy.write": "deny"}))
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def writer(path, name, count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_a_new_file_is_private_and_so_is_its_folder(tmp_path):
    path = tmp_path / "new" / "accounts.toml"
    edit_user_file(path, Change("a", {"api_key": Secret(CANARY)}))
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert read_user_file(path).accounts["a"].api_key.reveal() == CANARY


def test_comments_and_order_of_a_file_stay(tmp_path):
    path = tmp_path / "accounts.toml"
    path.write_text(
        '# mine\n[accounts.b] # second\nbase_url = "https://b.example" # why\n\n[accounts.a]\nenabled = true\n'
    )
    path.chmod(0o600)
    edit_user_file(path, Change("b", {"policy.dial": "deny", "caps.allowed_prefixes": ["+1415"]}))
    text = path.read_text()
    assert all(part in text for part in ("# mine", "# second", "# why"))
    found = read_user_file(path).accounts
    assert (list(found), dict(found["b"].policy)) == (["b", "a"], {"dial": "deny"})


def test_an_account_is_changed_by_any_spelling_of_its_name(tmp_path):
    path = tmp_path / "accounts.toml"
    edit_user_file(path, Change("eu-west", {"enabled": False}))
    edit_user_file(path, Change("EU_WEST", {"enabled": None, "policy.read": "ask"}))
    found = read_user_file(path).accounts
    assert list(found) == ["eu-west"]
    assert (found["eu-west"].enabled, dict(found["eu-west"].policy)) == (True, {"read": "ask"})


def test_the_last_account_goes_without_a_trace(tmp_path):
    path = tmp_path / "accounts.toml"
    edit_user_file(path, Change("a", {"api_key": Secret(CANARY)}))
    edit_user_file(path, Change("a", {}, remove=True))
    assert CANARY not in path.read_text()
    with pytest.raises(ConfigurationError, match="no account named 'a'"):
        edit_user_file(path, Change("a", {}, remove=True))


@pytest.mark.parametrize("broken", ["[accounts.a\n", "[accounts.a]\nwrong = 1\n"])
def test_a_broken_file_is_named_and_left_alone(tmp_path, broken):
    path = tmp_path / "accounts.toml"
    path.write_text(broken)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"accounts\.toml"):
        edit_user_file(path, Change("a", {"enabled": False}))
    assert path.read_text() == broken


def test_a_value_that_could_not_be_read_again_is_not_written(tmp_path):
    path = tmp_path / "accounts.toml"
    edit_user_file(path, Change("a", {"enabled": False}))
    before = path.read_bytes()
    for values in ({"base_url": "ftp://x"}, {"policy.write": "yes"}, {"caps.dials_per_day": "many"}):
        with pytest.raises(ConfigurationError):
            edit_user_file(path, Change("a", values))
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["accounts.toml", "accounts.toml.lock"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "kept").mkdir()
    link = tmp_path / "accounts.toml"
    link.symlink_to(tmp_path / "kept" / "mine.toml")
    edit_user_file(link, Change("a", {"api_key": Secret(CANARY)}))
    assert link.is_symlink()
    assert mode(tmp_path / "kept" / "mine.toml") == 0o600


def test_writers_at_once_lose_no_change(tmp_path):
    path = tmp_path / "accounts.toml"
    running = [writer(path, f"w{number}_", 6) for number in range(4)]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    for process in running:
        process.stdout.close()
    assert len(read_user_file(path).accounts) == 24


def test_a_writer_that_is_killed_leaves_a_whole_file_and_holds_nobody_up(tmp_path):
    path = tmp_path / "accounts.toml"
    edit_user_file(path, Change("first", {"api_key": Secret(CANARY)}))
    for number in range(5):
        with writer(path, f"k{number}_", 10_000) as process:
            assert process.stdout.readline() == "ready\n"
            while len(read_user_file(path).accounts) < 2 + number:
                # Every look at the file, in the middle of whatever the writer does, finds a whole one.
                assert "first" in read_user_file(path).accounts
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
        assert read_user_file(path).accounts["first"].api_key.reveal() == CANARY
        assert mode(path) == 0o600
    # What the killed one left beside the file is removed by the next writer.
    Path(f"{path}.new").write_text(f'api_key = "{CANARY}"')
    edit_user_file(path, Change("last", {"enabled": False}))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["accounts.toml", "accounts.toml.lock"]


def test_a_project_file_may_be_read_by_all_and_gets_no_lock_beside_it(tmp_path):
    path = tmp_path / ".tools.toml"
    edit_project_file(path, Change(None, {"policy.write": "deny"}))
    edit_project_file(path, Change("eu", {"caps.dials_per_day": 3}))
    assert [file.name for file in tmp_path.iterdir()] == [".tools.toml"]
    assert mode(path) & 0o444 == 0o444
    with pytest.raises(ConfigurationError, match="no key"):
        edit_project_file(path, Change("eu", {"base_url": "https://x.example"}))


@pytest.mark.parametrize(
    ("name", "path"),
    [("url", "base_url"), ("write", "policy.write"), ("dials_per_day", "caps.dials_per_day"), ("caps", "caps")],
)
def test_a_setting_has_a_short_name(name, path):
    assert setting_path(name) == path


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(InvalidArguments, match="Did you mean base_url"):
        setting_path("base_ulr")
    with pytest.raises(InvalidArguments, match="leave out --project"):
        setting_path("base_url", project=True)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("caps.dials_per_day", "5", 5),
        ("caps.allowed_prefixes", "+1415, +1212", ["+1415", "+1212"]),
        ("caps.allowed_prefixes", "", []),
        ("enabled", "false", False),
        ("policy.write", "deny", "deny"),
    ],
)
def test_a_word_becomes_what_the_file_keeps(path, text, value):
    assert setting_value(path, text) == value
