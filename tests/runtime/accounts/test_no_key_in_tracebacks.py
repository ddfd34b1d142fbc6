"""No traceback shows a key, local variables included: not of a file that is wrong, and not of a change that fails."""

import io

import pytest
from rich.console import Console
from rich.traceback import Traceback

from tool_runtime.accounts.accounts_editor import Change, edit_user_file
from tool_runtime.accounts.accounts_file import read_user_file
from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret

# In two parts, so that the lines of this file that a traceback shows do not count.
CANARY = "key_of_" + "nobody_7f3a"
KEPT = "[accounts.a]\napi_key = '{}'\n"


def shown(error):
    written = io.StringIO()
    trace = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000, locals_max_length=1_000
    )
    Console(file=written, width=400).print(trace)
    return written.getvalue()


def file_with(tmp_path, text):
    path = tmp_path / "accounts.toml"
    path.write_text(text.format(CANARY))
    path.chmod(0o600)
    return path


WRONG = [
    "[accounts.a]\napi_key = '{}\n",
    f"{KEPT}wrong = 1",
    "[accounts.a]\napi_key = 'Bearer {}'",
    "[accounts.a]\napi_key = ['{}']",
    "[accounts.a]\napi_keys = '{}'",
    "[accounts.a]\napi_key_variable = '{}'",
    f"{KEPT}base_url = 'x'",
    f"{KEPT}policy.write = 'no'",
    f"{KEPT}caps.dials_per_day = -1",
    f"{KEPT}[accounts.A]",
    f"account = ''\n{KEPT}",
]


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("deed", [read_user_file, lambda path: edit_user_file(path, Change("b", {"enabled": False}))])
def test_a_wrong_file_shows_no_key(tmp_path, text, deed):
    path = file_with(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        deed(path)
    assert CANARY not in shown(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        Change("b", {"base_url": "x"}),
        Change("b", {}, remove=True),
        Change("b", {"api_key": Secret(f"Bearer {CANARY}")}),
        Change("a", {"policy.write": "no"}),
        Change("a", {"api_key_variable": "KEY"}),
    ],
)
def test_a_change_that_fails_shows_no_key(tmp_path, change):
    path = file_with(tmp_path, KEPT)
    with pytest.raises(ConfigurationError) as refused:
        edit_user_file(path, change)
    assert CANARY not in shown(refused.value)
    assert path.read_text() == KEPT.format(CANARY)


def test_a_full_disk_shows_no_key(tmp_path, monkeypatch):
    path = file_with(tmp_path, KEPT)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="No space left") as refused:
        edit_user_file(path, Change("a", {"api_key": Secret(CANARY), "enabled": False}))
    assert CANARY not in shown(refused.value)
    assert path.read_text() == KEPT.format(CANARY)
    assert not path.with_name("accounts.toml.new").exists()
