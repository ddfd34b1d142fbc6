"""A maintainer adds a write and a paged list to a copy of this repository, in YAML alone, and every gate passes.

No Python file, no fact and no JSON file of the copy is edited. What `make check` does beyond that (mypy over code that
the change does not touch, the wheel, all other tests) does not see the new tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("spec", "generator", "runtime", "generated", "tests", "pyproject.toml", "README.md", "CONTRIBUTING.md")
WRITE = """\
  create_call_note:
    class: write
    effects: [publish]
    method: POST
    path: /create-call-note/{call_id}
    summary: Attach a note to a call, for people who read the call later.
    parameters:
      call_id:
        in: path
        required: true
        description: The call that the note is about.
        schema: {type: string, pattern: '^call_[a-z0-9]{3,}$'}
        example: call_123
      text:
        in: body
        required: true
        description: What the note says, 3 to 200 characters.
        schema: {type: string, minLength: 3, maxLength: 200}
        example: Asked for an invoice.
      labels:
        in: body
        description: Words to find the note by, each once.
        schema: {type: array, items: {type: string, minLength: 1, maxLength: 20}, uniqueItems: true, maxItems: 5}
    reconcile:
      tool: list_call_notes
      with: {call_id: $call_id}
      note: The note was made if the list holds its text.
    returns: {status: 201, schema: {$ref: CallNote}}
    resource: {name: call_note, action: create}
    examples:
      - title: Note an open question
        arguments: {call_id: call_123, text: Asked for an invoice., labels: [billing]}
"""
LIST = """\
  list_call_notes:
    class: read
    method: GET
    path: /list-call-notes/{call_id}
    summary: List what people noted about a call, the oldest note first.
    parameters:
      call_id:
        in: path
        required: true
        description: The call that the notes are about.
        schema: {type: string, pattern: '^call_[a-z0-9]{3,}$'}
        example: call_123
      limit:
        in: query
        description: Notes a page, 1 to 1000. Default 50.
        schema: {type: integer, minimum: 1, maximum: 1000}
      pagination_key:
        in: query
        description: '`pagination_key` of the page before; leave it out for the first.'
        schema: {type: string}
    pagination: keyed
    returns: {status: 200, schema: {$ref: CallNotePage}}
    resource: {name: call_note, action: list}
    examples:
      - title: Read the notes about a call
        arguments: {call_id: call_123}
"""
TYPES = """\
types:
  CallNote:
    description: What somebody noted about a call.
    type: object
    properties:
      note_id: {type: string, description: Id of the note.}
      call_id: {type: string, description: The call.}
      text: {type: string, description: What the note says.}
      labels: {type: array, items: {type: string}, description: Words to find the note by.}
    required: [note_id, call_id, text]
  CallNotePage:
    description: One page of notes.
    type: object
    properties:
      items: {type: array, items: {$ref: CallNote}, description: The notes.}
      has_more: {type: boolean, description: Whether another page follows.}
      pagination_key: {type: string, description: Where the next page begins.}
"""
RESOURCE = """\
  call_note:
    type: CallNote
    id: {field: note_id, prefix: note_}
    set: {call_id: $path.call_id}
    actions:
      list: {where: {call_id: $path.call_id}, order: ascending}
    examples:
      - {note_id: note_123, call_id: call_123, text: Asked for an invoice.}
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
    packages = os.pathsep.join(str(copy / part) for part in ("runtime", "generator", "generated"))
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": packages},
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
    toolgen("add", "calls.create_call_note", "--method", "POST", "--path", "/create-call-note/{call_id}")
    toolgen(
        "add", "calls.list_call_notes", "--method", "GET", "--path", "/list-call-notes/{call_id}", "--pages", "keyed"
    )
    assert "no problems" in toolgen("validate")
    assert "review mark" in toolgen("validate", "--strict", code=1)
    spec = copy / "spec" / "retell_ai"
    finish(spec / "tools" / "calls.yaml", "  create_call_note:\n", f"{WRITE}\n{LIST}")
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
        "tests/runtime/values/test_mistakes.py", "-k", "call_note or whole_api",
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
