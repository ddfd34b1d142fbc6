"""The two files of settings: what they may say, who may read them, and that nothing of a key is shown."""

import os

import pytest

from tool_runtime.accounts.accounts_file import parse_settings, project_files, read_user_file, user_file_path
from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret

CANARY = "key_canary_7f3a"


def written(path, text, mode=0o600):
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def refusal(path, text, *, project=False):
    with pytest.raises(ConfigurationError) as refused:
        parse_settings(path, Secret(text), project=project)
    assert CANARY not in str(refused.value)
    assert str(path) in refused.value.message
    return str(refused.value)


def test_a_file_says_where_keys_are_and_what_is_allowed(tmp_path):
    path = written(
        tmp_path / "accounts.toml",
        f"""
        account = "eu"
        policy = {{destroy = "deny"}}
        [accounts.eu]
        api_key = "{CANARY}"
        base_url = "https://eu.example"
        policy.write = "allow"
        caps.dials_per_day = 5
        [accounts.us]
        api_key_variable = "US_KEY"
        enabled = false
        """,
    )
    found = read_user_file(path)
    assert (found.account, dict(found.policy)) == ("eu", {"destroy": "deny"})
    eu, us = found.accounts["eu"], found.accounts["us"]
    assert (eu.api_key.reveal(), eu.base_url, dict(eu.policy)) == (CANARY, "https://eu.example", {"write": "allow"})
    assert (us.api_key_variable, us.enabled, us.has_key) == ("US_KEY", False, True)
    assert CANARY not in repr(found)


def test_a_file_that_is_not_there_is_no_error(tmp_path):
    assert not read_user_file(tmp_path / "nothing.toml").exists


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o644, 0o777])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path, mode):
    path = written(tmp_path / "accounts.toml", f'[accounts.a]\napi_key = "{CANARY}"', mode)
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        read_user_file(path)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_its_owner_reads_is_taken(tmp_path, mode):
    assert read_user_file(written(tmp_path / "accounts.toml", "", mode)).exists


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file of another user")
def test_a_file_of_another_user_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path / "accounts.toml", "")
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(ConfigurationError, match="another user"):
        read_user_file(path)


def test_a_pipe_in_the_place_of_the_file_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "accounts.toml", 0o600)
    with pytest.raises(ConfigurationError, match="a file is needed"):
        read_user_file(tmp_path / "accounts.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f'[accounts.a]\napi_key = "{CANARY}', "end of document"),
        (f'[accounts.a]\napi_key = "{CANARY}"\napi_key = "{CANARY}"', "Cannot overwrite"),
        (f'[accounts.a]\napikey = "{CANARY}"', "Did you mean api_key?"),
        (f'[acounts.a]\napi_key = "{CANARY}"', "Did you mean accounts?"),
        (f'[accounts.a]\napi_key = "Bearer {CANARY}"', "without 'Bearer'"),
        (f'[accounts.a]\napi_key = "{CANARY}\\n"', "white space"),
        (f'[accounts.a]\napi_key = ["{CANARY}"]', "no string"),
        (f'[accounts.a]\napi_key_variable = "{CANARY}"', "not a key"),
        (f'[accounts.a]\napi_key = "{CANARY}"\napi_key_in_keyring = true', "in two ways"),
        ('[accounts.a]\napi_key = ""', "is empty"),
        ('[accounts.a]\nbase_url = ""', "is empty"),
        ('[accounts.a]\nbase_url = "http://api.example"', "must be https"),
        ('[accounts.a]\nenabled = "no"', "true or false"),
        ('[accounts.a.policy]\nwrite = "alow"', "Did you mean allow?"),
        ('[accounts.a.policy]\ndail = "deny"', "Did you mean dial?"),
        ("[accounts.a.caps]\ndials_per_day = -1", "no whole number"),
        ("[accounts.a.caps]\nallowed_prefixes = '+1'", "no list of texts"),
        ("[accounts.a.caps]\nconcurrent_dials = true", "no whole number"),
        ("[accounts.a.caps]\ndial_seconds = 0", "no whole number of seconds"),
        ("[accounts]\na = 3", "is a table of settings"),
        ("[accounts.a]\n[accounts.A]", "differ only in case"),
        ("[accounts.eu-1]\n[accounts.eu_1]", "differ only in case"),
        ('[accounts." a"]', "white space"),
        ("account = ''", "is empty"),
        ("read_only = true", "there is no such setting"),
    ],
)
def test_what_a_file_says_wrongly_is_named_and_no_key_shown(tmp_path, text, complaint):
    assert complaint in refusal(tmp_path / "accounts.toml", text)


@pytest.mark.parametrize(
    "line",
    [
        f'[accounts.a]\napi_key = "{CANARY}"',
        '[accounts.a]\napi_key_variable = "OTHER_KEY"',
        "[accounts.a]\napi_key_in_keyring = true",
        '[accounts.a]\nbase_url = "https://evil.example"',
        "[accounts.a]\nenabled = true",
        f'api_key = "{CANARY}"',
        'base_url = "https://evil.example"',
        f'[accounts.a.policy]\napi_key = "{CANARY}"',
    ],
)
def test_a_project_gives_no_key_and_no_address(tmp_path, line):
    refusal(tmp_path / ".tools.toml", line, project=True)


def test_every_project_file_on_the_way_up_counts_and_the_nearest_is_first(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    written(tmp_path / ".tools.toml", 'policy = {write = "deny"}', 0o644)
    written(tmp_path / "a" / ".tools.toml", 'account = "eu"', 0o644)
    found = project_files("tools", inner)
    assert [file.path.parent for file in found[:2]] == [tmp_path / "a", tmp_path]


def test_a_variable_moves_the_file_and_an_empty_one_is_an_error(tmp_path):
    assert user_file_path("tools", "TOOLS", {"TOOLS_CONFIG": str(tmp_path / "x")}) == tmp_path / "x"
    with pytest.raises(ConfigurationError, match="TOOLS_CONFIG"):
        user_file_path("tools", "TOOLS", {"TOOLS_CONFIG": " "})
