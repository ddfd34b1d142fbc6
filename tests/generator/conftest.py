"""Spec folders for the generator's tests: a small sound one that a test bends, and ways to compile and import it."""

from __future__ import annotations

import copy
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tool_generator.emit import output_folder
from tool_generator.generate import compile_spec, generated_files
from tool_generator.problems import SpecProblems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from tool_runtime.core.registry import Registry

REPOSITORY = Path(__file__).parents[2]
LIBRARY = REPOSITORY / "tests" / "library_api" / "spec"

API: dict[str, Any] = {
    "api": {
        "name": "small_api",
        "slug": "small-api",
        "title": "Small",
        "version": "1.0.0",
        "summary": "A small API.",
        "command": "small",
        "distribution": "small",
        "environment": "SMALL",
        "groups": ["things"],
    },
    "server": {"base_url": "https://small.example"},
    "auth": {"in": "header", "name": "X-API-Key"},
}
TOOLS: dict[str, Any] = {
    "group": "things",
    "title": "Things",
    "tools": {
        "get_thing": {
            "class": "read",
            "method": "GET",
            "path": "/things/{thing_id}",
            "summary": "Read a thing.",
            "parameters": {"thing_id": {"in": "path", "required": True, "schema": {"type": "string"}}},
            "returns": {"status": 200, "schema": {"$ref": "Thing"}},
        }
    },
}
TYPES: dict[str, Any] = {
    "types": {"Thing": {"type": "object", "properties": {"thing_id": {"type": "string"}}, "required": ["thing_id"]}}
}


class _Plain(yaml.SafeDumper):
    """Writes values in full where they repeat: specs know no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class SpecFolder:
    """A spec folder in the making: `api`, `tools` and `types` are the contents of its files, `folder` the place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.api = copy.deepcopy(API)
        self.group = copy.deepcopy(TOOLS)
        self.types = copy.deepcopy(TYPES)
        self.texts: dict[str, str] = {}

    @property
    def tools(self) -> dict[str, Any]:
        tools: dict[str, Any] = self.group["tools"]
        return tools

    def tool(self, name: str, **changes: Any) -> dict[str, Any]:
        """Add a write without arguments, changed as given."""
        tool: dict[str, Any] = {"class": "write", "method": "POST", "path": f"/{name}", "summary": f"Do {name}."}
        self.tools[name] = tool | changes
        return self.tools[name]

    def write(self) -> Path:
        files = {"api.yaml": self.api, "tools/things.yaml": self.group, "types/things.yaml": self.types}
        for name, content in files.items():
            self.text(name, yaml.dump(content, Dumper=_Plain, sort_keys=False))
        for name, text in self.texts.items():
            self.text(name, text)
        return self.folder

    def text(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def registry(self) -> Registry:
        return compile_spec(self.write()).registry

    def document(self) -> dict[str, Any]:
        return copy.deepcopy(dict(self.registry().document))

    def warnings(self) -> list[str]:
        return [problem.message for problem in compile_spec(self.write()).warnings]

    def problems(self) -> list[str]:
        """Give the problems as `file:line: message`, with the folder left out."""
        try:
            compile_spec(self.write())
        except SpecProblems as error:
            return [str(problem).removeprefix(f"{self.folder}/") for problem in error.problems]
        return []

    def messages(self) -> list[str]:
        return [problem.split(": ", 1)[1] for problem in self.problems()]


@pytest.fixture
def spec(tmp_path: Path) -> SpecFolder:
    return SpecFolder(tmp_path / "spec")


@pytest.fixture
def generate(tmp_path: Path) -> Callable[[Path], Path]:
    """Generate the package of a spec folder below `out`; give the package's folder."""

    def run(folder: Path) -> Path:
        compiled = compile_spec(folder)
        out = tmp_path / "out" / compiled.registry.api.name
        output_folder.write(generated_files(compiled), out)
        return out

    return run


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], ModuleType]]:
    """Import a generated package, and forget it after the test."""
    names: list[str] = []

    def run(package: Path) -> ModuleType:
        monkeypatch.syspath_prepend(str(package.parent))
        names.append(package.name)
        return importlib.import_module(package.name)

    yield run
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]
