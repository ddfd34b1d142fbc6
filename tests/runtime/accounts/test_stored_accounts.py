"""The order of the places that say something about an account, and which account is meant where nobody names one."""

from pathlib import Path

import pytest

from tool_runtime.accounts.accounts_file import parse_settings
from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.stored_accounts import StoredAccounts, read_accounts
from tool_runtime.core.account import Policy
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.values.secrets import Secret

REGISTRY = Registry({
    "registry": 1,
    "api": {
        "name": "tools", "slug": "tools", "title": "Tools", "version": "1", "command": "tools",
        "distribution": "tools", "environment": "TOOLS",
    },
    "server": {"base_url": "https://api.example"},
    "auth": {"in": "header", "name": "X-API-Key"},
    "tools": {},
    "types": {},
})  # fmt: skip
TWO = """
[accounts.eu-west]
api_key = "key_of_eu"
base_url = "https://eu.example"
[accounts.us]
api_key_variable = "US_KEY"
"""


def accounts(tmp_path, text="", *projects, read_only=False, **environment):
    user = parse_settings(tmp_path / "accounts.toml", Secret(text))
    found = [
        parse_settings(tmp_path / str(number) / ".tools.toml", Secret(project), project=True)
        for number, project in enumerate(projects)
    ]
    return StoredAccounts(REGISTRY, environment, user, found, read_only=read_only)


def key(account):
    return None if account.key is None else account.key.reveal()


def test_the_file_gives_keys_and_addresses(tmp_path):
    found = accounts(tmp_path, TWO, US_KEY="key_of_us")
    eu, us = found.get("eu-west"), found.get("us")
    assert (key(eu), eu.base_url) == ("key_of_eu", "https://eu.example")
    assert (key(us), us.base_url) == ("key_of_us", "https://api.example")


def test_the_environment_goes_before_the_file_and_folds_names(tmp_path):
    found = accounts(
        tmp_path, TWO, TOOLS_API_KEY__EU_WEST="key_of_env", TOOLS_BASE_URL__EU_WEST="https://other.example"
    )
    eu = found.get("EU_WEST")
    assert (eu.name, key(eu), eu.base_url) == ("eu-west", "key_of_env", "https://other.example")


def test_a_base_url_for_every_account_keeps_a_test_from_the_real_api(tmp_path):
    found = accounts(tmp_path, TWO, TOOLS_BASE_URL="http://127.0.0.1:9")
    assert found.get("eu-west").base_url == "http://127.0.0.1:9"


def test_a_variable_that_is_not_set_is_named_by_the_call_that_needs_the_key(tmp_path):
    found = accounts(tmp_path, TWO)
    us = found.get("us")
    assert us.key is None
    assert "US_KEY is not set" in found.missing_key(us).message


def test_a_variable_that_is_empty_gives_no_key(tmp_path):
    found = accounts(tmp_path, TWO, US_KEY="")
    assert "is empty" in found.missing_key(found.get("us")).message


def test_a_disabled_account_is_refused_wherever_its_key_comes_from(tmp_path):
    found = accounts(tmp_path, "[accounts.eu]\nenabled = false", TOOLS_API_KEY__EU="key_of_env")
    assert found.names == ()
    with pytest.raises(ConfigurationError, match="disabled"):
        found.get("eu")


def test_reads_and_writes_go_to_default_and_writes_ask(tmp_path):
    account = accounts(tmp_path, TOOLS_API_KEY="key_of_env").get(None)
    assert (account.name, key(account), account.unnamed) == ("default", "key_of_env", ())
    assert account.policy == Policy(read="allow", write="ask")


def test_the_only_account_is_meant_where_none_is_named(tmp_path):
    assert accounts(tmp_path, '[accounts.eu]\napi_key = "key_of_eu"').get(None).name == "eu"


@pytest.mark.parametrize(
    ("projects", "environment", "name", "unnamed"),
    [
        ((), {}, "default", True),
        (('account = "us"',), {}, "us", True),
        (('account = "us"', 'account = "eu-west"'), {}, "us", True),
        (('account = "us"',), {"TOOLS_ACCOUNT": "eu_west"}, "eu-west", False),
    ],
)
def test_of_several_accounts_a_write_has_to_name_one(tmp_path, projects, environment, name, unnamed):
    account = accounts(tmp_path, TWO, *projects, **environment).get(None)
    assert (account.name, bool(account.unnamed)) == (name, unnamed)
    assert accounts(tmp_path, TWO, *projects, **environment).get("us").unnamed == ()


def test_a_file_may_say_where_reads_go(tmp_path):
    account = accounts(tmp_path, 'account = "us"\n' + TWO).get(None)
    assert (account.name, account.unnamed) == ("us", ("eu-west", "us"))


def test_a_project_cannot_name_an_account_that_nobody_has(tmp_path):
    with pytest.raises(ConfigurationError, match=r"\.tools\.toml: there is no account named 'us1'") as refused:
        accounts(tmp_path, TWO, 'account = "us1"').get(None)
    assert "Did you mean us?" in refused.value.hint


def test_an_empty_account_in_the_environment_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="TOOLS_ACCOUNT is empty"):
        accounts(tmp_path, TWO, TOOLS_ACCOUNT="")


@pytest.mark.parametrize(
    ("projects", "options", "environment"),
    [(("read_only = true",), {}, {}), ((), {"read_only": True}, {}), ((), {}, {"TOOLS_READ_ONLY": "1"})],
)
def test_read_only_denies_every_write_whoever_says_so(tmp_path, projects, options, environment):
    text = '[accounts.a]\napi_key = "key_of_a"\npolicy = {write = "allow", dial = "allow"}'
    found = accounts(tmp_path, text, *projects, **options, **environment)
    assert found.get("a").policy == Policy(read="allow", write="deny")
    assert found.sandboxed("a", Secret("key")).policy.write == "deny"


def test_a_project_makes_policy_and_caps_of_an_account_stricter(tmp_path):
    text = '[accounts.a]\napi_key = "key_of_a"\npolicy.dial = "allow"\ncaps.dials_per_day = 5'
    project = '[accounts.A]\npolicy.dial = "deny"\ncaps.dials_per_day = 9\n[caps]\ndials_per_minute = 1'
    account = accounts(tmp_path, text, project).get("a")
    assert account.policy.decision("write", ("dial",)) == "deny"
    assert account.caps == Caps(dials_per_day=5, dials_per_minute=1)


def test_the_sandbox_allows_everything_unless_somebody_set_a_policy(tmp_path):
    found = accounts(tmp_path, '[accounts.a]\npolicy.dial = "deny"')
    assert found.sandboxed("b", Secret("key")).policy == Policy()
    assert found.sandboxed("a", Secret("key")).policy == Policy(dial="deny")


def test_a_keyring_that_cannot_be_asked_is_named_when_the_key_is_needed(tmp_path, monkeypatch):
    import keyring
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring, "get_password", Keyring().get_password)
    found = accounts(tmp_path, "[accounts.a]\napi_key_in_keyring = true")
    assert found.get("a").key is None
    assert "the keyring did not answer for the account a" in found.missing_key(found.get("a")).message


def test_a_missing_extra_is_named_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    found = accounts(tmp_path, "[accounts.a]\napi_key_in_keyring = true")
    assert isinstance(found.find("a").key_problem, MissingExtra)
    assert "tools[keyring]" in found.missing_key(found.get("a")).message


def test_no_key_shows_in_what_is_known_of_an_account(tmp_path):
    found = accounts(tmp_path, TWO, US_KEY="key_of_us")
    shown = repr([found.find(name) for name in found.known]) + repr(vars(found))
    assert "key_of" not in shown


def test_the_users_file_is_read_from_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text(TWO)
    path.chmod(0o600)
    (tmp_path / ".tools.toml").write_text("read_only = true")
    found = read_accounts(REGISTRY, {"TOOLS_CONFIG": str(path)})
    assert (found.names, found.read_only) == (("eu-west", "us"), True)


def test_a_file_that_the_variable_names_has_to_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="no such file") as caught:
        read_accounts(REGISTRY, {"TOOLS_CONFIG": str(tmp_path / "slip.toml"), "TOOLS_API_KEY": "key_of_env"})
    assert "TOOLS_CONFIG" in caught.value.message
    assert "accounts set" in caught.value.hint


def test_a_machine_without_a_home_folder_has_the_accounts_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: Path("~/.config/tools"))
    assert read_accounts(REGISTRY, {"TOOLS_API_KEY": "key_of_env"}).names == ("default",)
