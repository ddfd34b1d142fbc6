"""A maintainer adds a write and a paged list to a copy of this repository, in YAML alone, and every gate passes.

The YAML is that of CONTRIBUTING.

No Python file, no fact and no JSON file of the copy is edited. What `make check` does beyond that (mypy over code that
the change does not touch, the wheel, all other tests) does not see the new tools.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from retell_ai import Client, Conflict, NotFound
from tool_generator.generate import compile_spec
from tool_runtime.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PARTS = ("spec", "generator", "runtime", "generated", "tests", "pyproject.toml", "README.md", "CONTRIBUTING.md")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TOOLS, TYPES, RESOURCE = re.findall(r"^```yaml\n(.*?)^```$", CONTRIBUTING, re.MULTILINE | re.DOTALL)
WORKED, WAIT, EVENT = re.findall(r"^```text\n(.*?)^```$", CONTRIBUTING, re.MULTILINE | re.DOTALL)
ARCHIVE = """
  archive_call_note:
    class: write
    method: POST
    path: /archive-call-note/{note_id}
    summary: Put a note away.
    parameters: {note_id: {in: path, required: true, description: The note., schema: {type: string}}}
    returns: {status: 200, schema: {$ref: CallNote}}
    resource: {name: call_note, action: archive}
    examples:
      - {title: Put it away, arguments: {note_id: note_123}}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return folder


def run(copy, *command, code=0):
    """Run a module in the copy, with the packages of the copy in front of the installed ones."""
    # The pytest in the copy is no worker of the pytest around it.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    packages = os.pathsep.join(str(copy / part) for part in ("runtime", "generator", "generated"))
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**own, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def finish(path, start, text):
    """Put finished YAML in the place of what toolgen wrote: from a line on to the end of the file."""
    head, skeleton, _ = path.read_text("utf-8").partition(f"\n{start}")
    assert skeleton
    path.write_text(f"{head}\n{text}", "utf-8")


@pytest.fixture(scope="module")
def extended(copy):
    """The copy with two tools: skeletons from toolgen, filled in by hand."""
    toolgen = partial(run, copy, "tool_generator")
    for command in re.findall(r"^toolgen (add .+)$", CONTRIBUTING, re.MULTILINE):
        toolgen(*shlex.split(command))
    assert "no problems" in toolgen("validate")
    assert "review mark" in toolgen("validate", "--strict", code=1)
    spec = copy / "spec" / "retell_ai"
    finish(spec / "tools" / "calls.yaml", "  create_call_note:\n", TOOLS)
    finish(spec / "sandbox.yaml", "  # review: what the sandbox keeps under call_note", RESOURCE)
    (spec / "types" / "call_notes.yaml").write_text(TYPES, "utf-8")
    toolgen("generate")
    return copy


def test_the_spec_is_finished_and_the_generated_code_is_current(extended):
    assert "no problems" in run(extended, "tool_generator", "validate", "--strict")
    assert "is current" in run(extended, "tool_generator", "generate", "--check")


def test_the_generated_code_passes_lint_and_types(extended):
    run(extended, "ruff", "check", "--no-cache", "generated")
    run(extended, "ruff", "format", "--no-cache", "--check", "generated")
    run(extended, "mypy", "--strict", "--cache-dir", str(extended / ".mypy_cache"), "generated")


def test_new_snapshots_are_written_and_every_test_that_sees_the_new_tools_passes(extended):
    told = run(
        extended, "pytest", "-q", "-p", "no:cacheprovider", "--snapshot-update", "tests/generator/test_whole_api.py",
        "tests/runtime/core/test_wire.py", "tests/runtime/core/test_any_arguments.py",
        "tests/runtime/values/test_mistakes.py", "-k", "call_note or newest or our_own",
    )  # fmt: skip
    assert "2 snapshots generated" in told
    assert "failed" not in told


def test_no_fact_and_no_test_was_edited(extended):
    ours = {
        path.relative_to(ROOT): path
        for part in ("tests", "runtime", "generator")
        for path in (ROOT / part).rglob("*.py")
    }
    ours |= {path.relative_to(ROOT): path for path in (ROOT / "tests").rglob("*.json")}
    assert [name for name, path in ours.items() if (extended / name).read_bytes() != path.read_bytes()] == []


def test_the_worked_example_on_the_sandbox_does_what_it_says(extended, tmp_path):
    spec = tmp_path / "retell_ai"
    shutil.copytree(extended / "spec" / "retell_ai", spec)
    finish(spec / "sandbox.yaml", "  call_note:\n", WORKED)
    calls = spec / "tools" / "calls.yaml"
    calls.write_text(calls.read_text("utf-8") + ARCHIVE, "utf-8")
    registry = compile_spec(spec).registry
    sandbox = Sandbox(registry, examples=True)
    client = Client(registry=registry, sandbox=sandbox)

    assert client.call("archive_call_note", {"note_id": "note_123"}) == {
        "note_id": "note_123",
        "call_id": "call_123",
        "text": "Asked for an invoice.",
    }
    assert client.call("list_call_notes", {"call_id": "call_123"})["items"] == []
    with pytest.raises(Conflict, match="The note is archived"):
        client.call("archive_call_note", {"note_id": "note_123"})
    sandbox.clock.sleep(61)
    with pytest.raises(Conflict, match="The note is gone"):
        client.call("archive_call_note", {"note_id": "note_123"})
    with pytest.raises(NotFound, match='There is no note "note_9"'):
        client.call("archive_call_note", {"note_id": "note_9"})


def test_a_wait_and_an_event_are_yaml_alone(copy, tmp_path):
    spec = shutil.copytree(copy / "spec" / "retell_ai", tmp_path / "spec")
    api = spec / "api.yaml"
    text = api.read_text("utf-8").replace("\nwaiters:\n", f"\nwaiters:\n{WAIT}", 1)
    api.write_text(text.replace("\n  events:\n", f"\n  events:\n{EVENT}", 1), "utf-8")
    registry = compile_spec(spec).registry
    assert registry.waiters["call_connected"].tool == "get_call"
    assert registry.webhooks.events["call_noted"].dedupe == ("call.call_id",)
