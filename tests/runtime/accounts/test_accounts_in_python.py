"""A client that code gives no key: `Client()` works with the user's accounts file, and with what the file allows."""

import os
from pathlib import Path

import httpx
import pytest

from retell_ai import AsyncClient, Client
from tool_runtime.errors import CapReached, ConfigurationError, PolicyRefused

KEY = "key_canary_5550100"
ONE = f'[accounts.production]\napi_key = "{KEY}"\nbase_url = "https://eu.example"\n'
TWO = f'{ONE}[accounts.staging]\napi_key = "key_of_staging"\n'
DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the user's accounts file, and enter an empty folder."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("RETELL_ACCOUNT", raising=False)
    monkeypatch.delenv("RETELL_CONFIG", raising=False)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)

    def written(text, *, project_text=None):
        path = tmp_path / "XDG_CONFIG_HOME" / "retell-tools" / "accounts.toml"
        path.parent.mkdir(parents=True)
        path.touch(0o600)
        path.write_text(text, encoding="utf-8")
        if project_text is not None:
            Path(".retell-tools.toml").write_text(project_text, encoding="utf-8")
        return path

    return written


def connected(wire, **options):
    return Client(http_client=wire.client(), **options)


def sent(wire):
    return [(one.url.host, one.headers["authorization"]) for one in wire.requests]


def test_the_key_and_the_address_come_from_the_file(write, wire):
    write(ONE)
    client = connected(wire)
    client.list_voices()
    client.create_phone_call(**DIAL)
    assert sent(wire) == [("eu.example", f"Bearer {KEY}")] * 2
    assert client.account_name == "production"


def test_the_environments_key_is_meant_before_the_files_choice(write, wire, monkeypatch):
    write('account = "staging"\n' + TWO)
    monkeypatch.setenv("RETELL_API_KEY", "key_of_env")
    client = connected(wire)
    client.create_phone_call(**DIAL)
    client.account("production").create_phone_call(**DIAL)
    assert sent(wire) == [("api.retellai.com", "Bearer key_of_env"), ("eu.example", f"Bearer {KEY}")]


def test_a_write_has_to_name_one_of_several_accounts_of_the_file(write, wire, monkeypatch):
    write('account = "staging"\n' + TWO)
    client = connected(wire)
    client.list_voices()
    with pytest.raises(PolicyRefused, match="several accounts"):
        client.create_phone_call(**DIAL)
    client.account("staging").create_phone_call(**DIAL)
    monkeypatch.setenv("RETELL_ACCOUNT", "production")
    connected(wire).create_phone_call(**DIAL)
    assert [key for _, key in sent(wire)] == ["Bearer key_of_staging"] * 2 + [f"Bearer {KEY}"]


def test_without_accounts_in_a_file_only_default_is_meant(write, wire, monkeypatch):
    write("", project_text='account = "production"')
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", KEY)
    with pytest.raises(ConfigurationError, match="no API key for the account default") as refused:
        connected(wire).list_voices()
    assert "Pass api_key=…" in refused.value.hint
    assert wire.requests == []


def test_a_policy_of_the_file_holds_and_code_cannot_lift_it(write, wire):
    write(ONE + '[accounts.production.policy]\ndial = "deny"\n')
    for policy in (None, {"write": "allow", "dial": "allow"}):
        with pytest.raises(PolicyRefused):
            connected(wire, policy=policy, force=True).create_phone_call(**DIAL)
    assert wire.requests == []


def test_a_policy_of_code_holds_beside_a_milder_one_of_the_file(write, wire):
    write(ONE + '[policy]\nwrite = "allow"\n')
    with pytest.raises(PolicyRefused):
        connected(wire, policy={"write": "deny"}).create_phone_call(**DIAL)
    assert connected(wire, policy={"write": "deny"}).list_voices() == {}


def test_a_project_makes_python_stricter_too(write, wire):
    write(ONE, project_text="read_only = true")
    with pytest.raises(PolicyRefused):
        connected(wire).create_phone_call(**DIAL)


def test_a_project_cannot_redirect_a_key(write, wire):
    write(ONE, project_text='[accounts.production]\nbase_url = "https://hostile.example"\n')
    with pytest.raises(ConfigurationError, match="gives no key, no address"):
        connected(wire).list_voices()
    assert wire.requests == []


def test_caps_of_the_file_count_over_clients(write, wire):
    write(ONE + "[caps]\ndials_per_day = 2\n")
    for _ in range(2):
        connected(wire).create_phone_call(**DIAL)
    with pytest.raises(CapReached):
        connected(wire).create_phone_call(**DIAL)
    assert len(wire.requests) == 2


def test_a_file_without_caps_makes_no_ledger(write, wire, tmp_path):
    write(ONE)
    client = connected(wire)
    client.create_phone_call(**DIAL)
    assert client.ledger is None
    assert not (tmp_path / "XDG_STATE_HOME").exists()


@pytest.mark.parametrize(
    "options", [{"api_key": "key_of_code"}, {"accounts": {"eu": "key_of_code"}}, {"sandbox": True}]
)
def test_code_that_brings_keys_or_a_sandbox_reads_no_file(write, options):
    write("this is no TOML")
    Client(**options).close()
    with pytest.raises(ConfigurationError, match="is not TOML"):
        Client()


def test_the_sandbox_of_the_environment_obeys_the_file(write, monkeypatch):
    write('[policy]\ndial = "deny"\n')
    monkeypatch.setenv("RETELL_SANDBOX", "1")
    with Client() as client, pytest.raises(PolicyRefused):
        client.create_phone_call(**DIAL)


def test_an_address_of_code_goes_before_that_of_the_file(write, wire):
    write(ONE)
    connected(wire, base_url="https://other.example").list_voices()
    assert sent(wire) == [("other.example", f"Bearer {KEY}")]


def test_a_file_that_others_can_read_is_refused(write):
    write(ONE).chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read or written by others"):
        Client()


def test_the_asynchronous_client_reads_the_file_as_well(write, wire):
    import asyncio

    async def read():
        transport = httpx.AsyncClient(transport=httpx.MockTransport(wire.handle))
        async with transport, AsyncClient(http_client=transport) as client:
            await client.list_voices()

    write(ONE)
    asyncio.run(read())
    assert sent(wire) == [("eu.example", f"Bearer {KEY}")]


def test_the_parser_of_files_is_loaded_only_where_there_is_a_file(write, tmp_path):
    import subprocess
    import sys

    program = "import sys, retell_ai; retell_ai.Client(); print('tomllib' in sys.modules)"
    environment = {**os.environ, "HOME": str(tmp_path)}

    def loaded():
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert loaded() == "False"
    write(ONE)
    assert loaded() == "True"
