"""`accounts`, `configure`, `status` and `doctor`: keys go in by safe ways, come out by none, and a reader learns what
to do next.
"""

import json
import stat

import pytest

CANARY = "key_canary_7f3a"


@pytest.fixture
def config(tmp_path):
    return tmp_path / "XDG_CONFIG_HOME" / "library" / "accounts.toml"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def data(ended):
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    assert document["success"] is True
    return document["data"]


def test_a_key_from_standard_input_is_used_for_calls_and_shown_nowhere(cli, config, remote):
    shown = [
        cli("accounts", "set", "default", "--key-stdin", "--base-url", remote.url, stdin=f"{CANARY}\n".encode()),
        cli("call", "get_book", '{"book_id": "b1"}'),
        *(cli(*words) for words in (["accounts"], ["status"], ["doctor"], ["accounts", "fields"], ["audit"])),
        *(cli(*words, "--json") for words in (["accounts", "list"], ["status"], ["doctor", "--online"])),
    ]
    assert [ended.code for ended in shown] == [0] * len(shown)
    assert CANARY not in "".join(ended.out + ended.err for ended in shown)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert CANARY in config.read_text()


def test_the_canary_stands_in_no_other_file(cli, config, tmp_path, remote):
    cli("accounts", "set", "default", "--base-url", remote.url, "--key-stdin", stdin=CANARY.encode())
    cli("call", "lend_book", '{"book_id": "b1"}', "--force")
    cli("doctor", "--online")
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert holding == [config]


@pytest.mark.parametrize(
    "words",
    [
        ["accounts", "set", "a", f"api_key={CANARY}"],
        ["accounts", "set", "a", f"key={CANARY}"],
        ["configure", "--set", f"api_key={CANARY}"],
        ["configure", "--set", CANARY],
        ["configure", "--key-variable", CANARY],
        ["accounts", "set", "a", "--base-url", "https://x.example", "api_key"],
    ],
)
def test_a_key_is_no_argument(cli, config, words):
    ended = cli(*words)
    assert ended.code in {2, 3}
    assert CANARY not in ended.out + ended.err
    assert not config.exists() or CANARY not in config.read_text()


def test_settings_are_set_and_removed_one_by_one(cli, config):
    cli("accounts", "set", "eu", "--key-variable", "EU_KEY", "write=deny", "dials_per_day=3", "allowed_prefixes=+1415")
    ended = cli("accounts", "unset", "EU", "write", "caps")
    assert ended.code == 0, ended.err
    found = data(cli("accounts", "list", "--json", EU_KEY=CANARY))
    assert [one["account"] for one in found] == ["eu"]
    assert (found[0]["key"], found[0]["permissions"]["write"], found[0]["caps"]) == ("set", "ask", {})


def test_a_removed_account_is_gone(cli, config):
    cli("accounts", "set", "eu", "--key-stdin", stdin=CANARY.encode())
    assert cli("accounts", "remove", "eu").code == 0
    assert CANARY not in config.read_text()
    assert cli("accounts", "remove", "eu").code == 3


@pytest.mark.parametrize("words", [["call", "get_book", "book_id=b1"], ["accounts"], ["accounts", "fields"]])
def test_a_named_file_that_is_missing_is_wrong_set_up_for_who_reads(cli, tmp_path, remote, words):
    path = tmp_path / "slip" / "accounts.toml"
    ended = cli(*words, LIBRARY_CONFIG=str(path), LIBRARY_API_KEY=CANARY, LIBRARY_BASE_URL=remote.url)
    assert (ended.code, remote.asked) == (3, [])
    assert f"LIBRARY_CONFIG names {path}, and there is no such file" in ended.err
    assert "--sandbox" not in ended.err


def test_status_and_doctor_say_that_a_named_file_is_missing(cli, tmp_path):
    path = str(tmp_path / "slip.toml")
    assert "no such file" in cli("status", LIBRARY_CONFIG=path).out
    ended = cli("doctor", "--json", LIBRARY_CONFIG=path)
    assert ended.code == 3
    assert "library doctor" not in ended.data["next_commands"]


@pytest.mark.parametrize("words", [["configure", "--write", "deny"], ["accounts", "set", "default", "write=deny"]])
def test_a_named_file_that_is_missing_is_made_by_who_writes(cli, tmp_path, words):
    path = tmp_path / "new" / "accounts.toml"
    assert cli(*words, LIBRARY_CONFIG=str(path)).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert data(cli("accounts", "--json", LIBRARY_CONFIG=str(path)))[0]["permissions"]["write"] == "deny"


def test_a_program_configures_with_one_json_document(cli, config):
    document = {
        "account": "prod",
        "credentials": {"api_key": CANARY, "url": "https://prod.example"},
        "permissions": {"write": "ask", "dial": "deny"},
        "enabled": True,
    }
    done = data(cli("configure", "--stdin-json", "--json", stdin=json.dumps(document).encode()))
    assert done["set"] == ["api_key", "base_url", "enabled", "policy.dial", "policy.write"]
    found = data(cli("accounts", "list", "--json"))[0]
    assert (found["account"], found["base_url"], found["permissions"]["dial"]) == (
        "prod",
        "https://prod.example",
        "deny",
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (f'{{"set": {{"api_key": "{CANARY}"', "not JSON"),
        (f'["{CANARY}"]', "not an object"),
        (f'{{"acount": "{CANARY}"}}', "Did you mean account?"),
        (f'{{"set": {{"api_key": ["{CANARY}"]}}}}', "set.api_key"),
        ('{"permissions": "write:alow"}', "Did you mean allow?"),
        ('{"scope": "global", "unset": "api_key"}', "unset"),
        ('{"set": {"base_url": "ftp://x"}}', "https"),
        (f'{{"scope": "project", "set": {{"api_key": "{CANARY}"}}}}', "no key"),
    ],
)
def test_a_wrong_document_is_named_and_no_key_shown(cli, document, complaint):
    ended = cli("configure", "--stdin-json", stdin=document.encode())
    assert ended.code in {2, 3}
    assert complaint in ended.err
    assert CANARY not in ended.out + ended.err


def test_the_options_of_other_programs_work(cli):
    assert (
        cli("configure", "--read", "allow", "--permissions", "write:deny,dial:ask", "--disable", "--global").code == 0
    )
    found = data(cli("accounts", "list", "--json"))[0]
    assert (found["enabled"], found["permissions"]["write"], found["permissions"]["dial"]) == (False, "deny", "ask")
    assert cli("call", "get_book", '{"book_id": "b1"}').code == 3
    assert cli("configure", "--enable").code == 0


def test_nothing_is_asked_where_nobody_sits(cli):
    ended = cli("configure")
    assert ended.code == 2
    assert "no terminal" in ended.err


def test_a_project_denies_what_the_user_allows(cli, remote, tmp_path):
    environment = {"LIBRARY_BASE_URL": remote.url, "LIBRARY_API_KEY": CANARY}
    cli("configure", "--write", "allow")
    assert cli("call", "lend_book", '{"book_id": "b1"}', **environment).code == 0
    assert cli("configure", "--project", "--write", "deny").code == 0
    ended = cli("call", "lend_book", '{"book_id": "b2"}', "--force", **environment)
    assert ended.code == 7
    assert len(remote.asked) == 1
    assert (tmp_path / "project" / ".library.toml").exists()


@pytest.mark.parametrize(
    "text",
    [
        'base_url = "https://evil.example"',
        '[accounts.default]\nbase_url = "https://evil.example"',
        '[accounts.default]\napi_key_variable = "HOME"',
    ],
)
def test_a_hostile_project_sends_nothing_anywhere(cli, remote, tmp_path, text):
    (tmp_path / "project" / ".library.toml").write_text(text)
    ended = cli("call", "get_book", '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, LIBRARY_API_KEY=CANARY)
    assert (ended.code, remote.asked) == (3, [])
    assert ".library.toml" in ended.err


def test_a_write_that_names_none_of_several_accounts_is_refused_and_a_read_goes_to_default(cli, remote):
    environment = {"LIBRARY_BASE_URL": remote.url, "LIBRARY_API_KEY": CANARY, "LIBRARY_API_KEY__EU": "key_of_eu"}
    ended = cli("call", "lend_book", '{"book_id": "b1"}', "--force", **environment)
    assert (ended.code, remote.asked) == (7, [])
    assert "default, eu" in ended.err
    assert cli("call", "get_book", '{"book_id": "b1"}', **environment).code == 0
    assert cli("call", "lend_book", '{"book_id": "b1"}', "--force", "--account", "eu", **environment).code == 0
    assert cli("call", "lend_book", '{"book_id": "b2"}', "--force", LIBRARY_ACCOUNT="EU", **environment).code == 0
    assert len(remote.asked) == 3


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [
        ("[accounts.a\n", 0o600, "not TOML"),
        (f'[accounts.a]\napi_key = "{CANARY}"', 0o644, "chmod 600"),
        ("[accounts.a]\nwrong = 1", 0o600, "no such setting"),
    ],
)
def test_doctor_and_status_work_with_a_broken_file_and_calls_do_not(cli, config, remote, text, mode, complaint):
    config.parent.mkdir(parents=True)
    config.write_text(text)
    config.chmod(mode)
    ended = cli("doctor", "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["data"]["state"]) == (3, "problems")
    assert any(complaint in f"{check['message']} {check['hint']}" for check in document["data"]["checks"])
    assert document["data"]["next_commands"]
    assert cli("status").code == 0
    assert CANARY not in ended.out + cli("status").out
    called = cli("call", "get_book", '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, LIBRARY_API_KEY="key_of_env")
    assert (called.code, remote.asked) == (3, [])


def test_doctor_says_what_is_missing_and_what_to_run_next(cli):
    document = json.loads(cli("doctor", "--json").out)["data"]
    assert document["missing_credentials"] == ["default"]
    assert document["next_commands"][0] == "library configure"
    assert document["permissions"]["default"]["write"] == "ask"
    assert set(document["capabilities"]) >= {"lua", "keyring"}


@pytest.fixture
def _whoami(package_folder):
    """Give the library a read that says whose key a key is."""
    path = package_folder / "registry.json"
    registry = json.loads(path.read_text())
    registry["tools"]["get_reader"] = registry["tools"]["get_book"] | {
        "name": "get_reader", "full_name": "library_get_reader", "aliases": ["whoami"], "path": "/me", "parameters": {},
    }  # fmt: skip
    path.write_text(json.dumps(registry))


@pytest.mark.usefixtures("_whoami")
def test_doctor_online_tells_a_refused_key_from_one_that_works(cli, remote):
    environment = {"LIBRARY_BASE_URL": remote.url, "LIBRARY_API_KEY": CANARY}
    remote.body = b'{"name": "Ada", "groups": ["a"]}'
    found = data(cli("accounts", "test", "--json", **environment))
    assert (found["account"], found["identity"]) == ("default", {"name": "Ada"})
    assert "Ada" in cli("status", "--online", **environment).out
    remote.status, remote.body = 401, b'{"detail": "who are you?"}'
    ended = cli("doctor", "--online", "--json", **environment)
    online = json.loads(ended.out)["data"]["online"]
    assert (ended.code, online[0]["works"], online[0]["error"]["code"]) == (3, False, "unauthorized")
    assert cli("accounts", "test", **environment).code == 3
    assert CANARY not in ended.out


def test_a_missing_variable_is_a_problem_of_its_account(cli):
    cli("accounts", "set", "eu", "--key-variable", "NOT_SET_ANYWHERE")
    document = json.loads(cli("doctor", "--json").out)["data"]
    assert any("NOT_SET_ANYWHERE" in check["message"] for check in document["checks"])
    ended = cli("call", "get_book", '{"book_id": "b1"}', "--account", "eu")
    assert ended.code == 3
    assert "NOT_SET_ANYWHERE is not set" in ended.err


def test_an_unwritable_state_folder_refuses_a_write_and_lets_a_read_go(cli, remote, tmp_path):
    (tmp_path / "XDG_STATE_HOME").write_text("a file where a folder should be")
    environment = {"LIBRARY_BASE_URL": remote.url, "LIBRARY_API_KEY": CANARY}
    assert cli("call", "get_book", '{"book_id": "b1"}', **environment).code == 0
    ended = cli("call", "lend_book", '{"book_id": "b1"}', "--force", **environment)
    assert (ended.code, len(remote.asked)) == (3, 1)
    assert "ledger" in ended.err
    assert json.loads(cli("doctor", "--json").out)["data"]["state"] == "problems"


def test_fields_name_variables_and_no_value(cli):
    fields = data(cli("accounts", "fields", "eu", "--json", LIBRARY_API_KEY__EU=CANARY))["fields"]
    key = fields[0]
    assert (key["field"], key["secret"], key["variable"], key["configured"]) == (
        "api_key", True, "LIBRARY_API_KEY__EU", True,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["status"], ["doctor"], ["get_book", "book_id=b1"], ["accounts", "list"]])
def test_a_folder_in_the_place_of_the_accounts_file_is_named(cli, config, words):
    config.mkdir(parents=True)
    ended = cli(*words, LIBRARY_API_KEY=CANARY)
    assert ended.code == (0 if words == ["status"] else 3)
    assert "is a folder or a device" in ended.out + ended.err


def test_a_name_with_a_blank_is_quoted_in_the_command_to_try(cli):
    assert "accounts test 'my own'" in cli("accounts", "set", "my own", "--key-variable", "MY_KEY").err


def test_a_misspelt_decision_is_wrong_usage_and_changes_nothing(cli, config):
    ended = cli("accounts", "set", "eu", "write=alow", "--key-variable", "EU_KEY")
    assert ended.code == 2
    assert "Did you mean allow?" in ended.err
    assert not config.exists()
