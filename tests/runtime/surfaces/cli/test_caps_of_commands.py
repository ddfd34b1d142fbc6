"""A cap holds among commands that start at once, and the ledger of one run is that of all."""

import json
import os
import subprocess
import sys

import pytest

AT_ONCE, CAP = 12, 3


def command(package_folder, *arguments):
    start = "from pathlib import Path; from tool_runtime.surfaces.cli import run; "
    return [sys.executable, "-c", f"{start}run(Path({str(package_folder)!r}), {arguments!r})"]


@pytest.fixture
def environment(tmp_path, package_folder, remote):
    """Make lending ring a phone, allow that, and cap it."""
    path = package_folder / "registry.json"
    registry = json.loads(path.read_text())
    registry["tools"]["lend_book"]["effects"] = ["dial"]
    path.write_text(json.dumps(registry))
    config = tmp_path / "config" / "library" / "accounts.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[accounts.default]\napi_key = "key_for_tests"\npolicy.dial = "allow"\ncaps.dials_per_day = {CAP}\n'
    )
    config.chmod(0o600)
    return os.environ | {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LIBRARY_BASE_URL": remote.url,
    }


def test_commands_at_once_dial_as_often_as_the_cap_allows(package_folder, environment, remote):
    running = [
        subprocess.Popen(
            command(package_folder, "call", "lend_book", json.dumps({"book_id": f"b{number}"}), "--json"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(AT_ONCE)
    ]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    codes = [process.returncode for process in running]
    assert (codes.count(0), codes.count(7), len(remote.asked)) == (CAP, AT_ONCE - CAP, CAP)
    refused = [answer["error"] for answer in answers if not answer["success"]]
    assert {(error["code"], error["cap"], error["count"]) for error in refused} == {
        ("cap_reached", "dials_per_day", CAP)
    }


def test_the_sandbox_has_its_own_room_in_the_time_of_the_ledger(package_folder, environment, remote):
    def dial(*words):
        line = command(package_folder, "call", "--sandbox", "lend_book", '{"book_id": "b1"}', "--again", *words)
        return subprocess.run(line, env=environment, capture_output=True, check=False, timeout=60).returncode

    assert [dial() for _ in range(CAP + 1)] == [0] * CAP + [7]
    line = command(package_folder, "audit", "--since", "10m", "--json")
    listed = json.loads(subprocess.run(line, env=environment, capture_output=True, check=True, timeout=60).stdout)
    assert {entry["account"] for entry in listed["data"]} == {"default on the sandbox"}
    assert len(listed["data"]) == CAP
