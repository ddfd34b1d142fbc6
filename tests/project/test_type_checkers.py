"""Type checkers accept programs that use the bindings: README and guides, every result, union and event."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import retell_ai
from tool_generator.emit.python.argument_classes import arguments_name
from tool_generator.emit.python.record_types import Types
from tool_generator.identifiers import class_name
from tool_runtime.core.registry import load_registry

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = load_registry(Path(retell_ai.__file__).with_name("registry.json"))
TYPES = Types(REGISTRY.types, {name: class_name(name) for name in REGISTRY.types})


def documents():
    for path in [ROOT / "README.md", *sorted((ROOT / "spec").glob("*/guide/*.md"))]:
        text = path.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)):
            yield f"{path.stem.lower()}_{number}.py", block


def results():
    """Call every tool and look up a field that its reply always has."""
    for prefix, define, wait in (("", "def", ""), ("Async", "async def", "await ")):
        for name, tool in REGISTRY.tools.items():
            fields = sorted(TYPES.record(TYPES.target(tool.returns.schema))[1]) if tool.returns.schema else []
            field = f"[{json.dumps(fields[0])}]" if fields else ""
            value = f"({wait}client.{name}(**arguments)){field}" if field else f"{wait}client.{name}(**arguments)"
            yield f"""
{define} {prefix.lower()}_{name}(client: {prefix}Client, arguments: _a.{arguments_name(name)}) -> None:
    {"print(" + value + ")" if tool.returns.schema else value}
"""


def tagged_unions():
    """Yield the type, its tag, and each alternative's value of the tag with the fields that it always has."""
    for name, schema in REGISTRY.types.items():
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] if isinstance(schema, dict) else []
        records = [TYPES.record(TYPES.target(option)) for option in options]
        for tag in records[0][0] if records else ():
            found = [properties.get(tag) for properties, _ in records]
            if all(map(TYPES.is_tag, found)) and all(tag in required for _, required in records):
                cases = []
                for part, (_, required) in zip(found, records, strict=True):
                    values = part.get("enum", [part.get("const")])
                    cases.append((values, sorted(required - {tag})))
                yield class_name(name), tag, cases
                break


def unions():
    for name, tag, cases in tagged_unions():
        lines = [f"\ndef of_{name.lower()}(value: _t.{name}) -> None:"]
        for values, fields in cases:
            condition = " or ".join(f"value[{tag!r}] == {value!r}" for value in values)
            looked_up = ", ".join(f"value[{field!r}]" for field in fields)
            lines += [f"    if {condition}:", f"        print({looked_up})"]
        yield "\n".join(lines) + "\n"


def events():
    yield "\ndef handle(event: WebhookEvent) -> None:\n"
    for name, event in REGISTRY.webhooks.events.items():
        schema = TYPES.target(event.payload)
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] or [schema]
        required = set.intersection(*(TYPES.record(option)[1] for option in options))
        fields = ", ".join(f"event.payload[{field!r}]" for field in sorted(required))
        yield f"    if event.name == {name!r}:\n        print({fields})\n"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    written = {
        "results.py": (
            "from retell_ai import AsyncClient, Client",
            "from retell_ai import arguments as _a",
            *results(),
        ),
        "unions.py": ("from retell_ai import types as _t", *unions()),
        "events.py": ("from retell_ai.webhooks import WebhookEvent", *events()),
        **{name: (block,) for name, block in documents()},
    }
    for name, parts in written.items():
        (folder / name).write_text("\n".join(parts), encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "standard", "pythonVersion": "3.11"}), encoding="utf-8"
    )
    return folder


def test_there_are_unions_to_tell_apart():
    assert len(list(tagged_unions())) >= 5


def test_mypy_in_strict_mode_accepts_every_program(programs):
    files = [str(path) for path in sorted(programs.glob("*.py"))]
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(programs / "cache"), *files]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=programs)
    assert ended.returncode == 0, ended.stdout


def test_pyright_in_its_default_mode_accepts_every_program(programs):
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--level", "error", str(programs)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=programs)
    assert ended.returncode == 0, ended.stdout
