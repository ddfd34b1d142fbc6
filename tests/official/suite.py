"""Run the official SDK's own test suite against the sandbox: `make official-suite`.

The suite comes with the source distribution of the SDK. Its tests of operations are skipped there, for want of a
server; here the skips are lifted, and a sandbox on which unknown ids stand for samples answers. `LEFT` says which tests
fail and why: their made-up arguments contradict what the API says of these arguments. The run fails where the failures
are not exactly those.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tool_runtime.sandbox import RunningClock, Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

ROOT = Path(__file__).resolve().parents[2]
VERSION = "6.2.13"
NEEDS = ("dirty-equals", "httpx-aiohttp", "nest_asyncio", "pytest-asyncio", "respx", "rich", "time-machine")
SETTINGS = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = session
xfail_strict = true
"""
# Of each, the suite has five: with two kinds of validation, synchronous and not, and once over another HTTP library.
LEFT = {
    "test_batch_call: create_batch_call_with_all_params": "the time zone of the window is called `timezone`",
    "test_call: list_with_all_params": "`skip` and `pagination_key` exclude each other",
    "test_chat: list_with_all_params": "`skip` and `pagination_key` exclude each other",
    "test_contact: create": "the phone number is `phone_number`",
    "test_contact: create_with_all_params": "the phone number is `phone_number`",
    "test_contact: raw_response_create": "the phone number is `phone_number`",
    "test_contact: streaming_response_create": "the phone number is `phone_number`",
    "test_phone_number: create_with_all_params": "the weights of the agents add up to 0.5",
    "test_phone_number: import_with_all_params": "the weights of the agents add up to 0.5",
    "test_phone_number: update_with_all_params": "the weights of the agents add up to 0.5",
}
OF_EACH = 5


def unpack(folder: Path) -> Path:
    """Fetch the source distribution, and lift the skips of its tests."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", f"retell-sdk[aiohttp]=={VERSION}", *NEEDS], check=True)
    fetch = ["download", "--no-deps", "--no-binary", "retell-sdk", "--dest", str(folder), f"retell-sdk=={VERSION}"]
    subprocess.run([*pip, *fetch], check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    source = next(path for path in folder.iterdir() if path.is_dir())
    for path in (source / "tests" / "api_resources").glob("*.py"):
        lifted = re.sub(
            r"^ *@pytest\.mark\.skip\(reason=.*\)\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        path.write_text(lifted, encoding="utf-8")
    (source / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    return source


def main() -> int:
    """Run the suite, and compare its failures with the list."""
    registry = json.loads((ROOT / "generated" / "retell_ai" / "registry.json").read_bytes())
    sandbox = Sandbox(registry, examples=True, unknown_ids="sample", clock=RunningClock(1000))
    with tempfile.TemporaryDirectory() as folder, SandboxServer(sandbox) as server:
        source = unpack(Path(folder))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/api_resources",
            "-p",
            "no:cacheprovider",
            "--tb=no",
            "-rf",
        ]
        environment = {**os.environ, "TEST_API_BASE_URL": server.url, "PYTHONPATH": str(source)}
        ended = subprocess.run(
            [*command, "-n", "2"], cwd=source, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    print(ended.stdout.splitlines()[-1])
    failed: dict[str, int] = {}
    for module, test in re.findall(
        r"^FAILED tests/api_resources/(\w+)\.py::\w+::test_(?:method_)?(\w+)", ended.stdout, re.MULTILINE
    ):
        failed[f"{module}: {test}"] = failed.get(f"{module}: {test}", 0) + 1
    for name, reason in LEFT.items():
        print(f"{failed.get(name, 0)} of {OF_EACH} fail as they must: {name}: {reason}")
    other = {name: count for name, count in failed.items() if name not in LEFT or count != OF_EACH}
    missing = sorted(LEFT.keys() - failed.keys())
    for name, count in other.items():
        print(f"not on the list: {name}, {count} times")
    for name in missing:
        print(f"on the list, and no longer failing: {name}")
    return 1 if other or missing or " passed" not in ended.stdout else 0


if __name__ == "__main__":
    sys.exit(main())
