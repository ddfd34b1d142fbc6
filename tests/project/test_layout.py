"""The house: which package knows what, and what may be committed."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERIC = [ROOT / "runtime", ROOT / "generator"]
PYTHON_FOLDERS = [ROOT / name for name in ("runtime", "generator", "tests")]
TEXT_FOLDERS = [*(ROOT / name for name in ("runtime", "generator", "generated", "spec", "tests", ".ci"))]
SKIPPED = {"__pycache__", "__snapshots__"}


def files(*folders, suffix=""):
    found = (path for folder in folders for path in sorted(folder.rglob(f"*{suffix}")) if path.is_file())
    return [path for path in found if not SKIPPED.intersection(path.parts)]


def text_files():
    named = [
        ROOT / name
        for name in (
            "Makefile",
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "LICENSE",
            "pyproject.toml",
            "constraints.txt",
        )
    ]
    return named + files(*TEXT_FOLDERS)


def imports(path):
    """Return the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("folder", GENERIC, ids=lambda folder: folder.name)
def test_generator_and_runtime_know_no_api_by_name(folder):
    named = [path for path in files(folder) if b"retell" in path.read_bytes().lower() or "retell" in path.name.lower()]
    assert named == []


def test_nothing_imports_the_generator():
    guilty = [
        path
        for path in files(ROOT / "runtime", ROOT / "generated", suffix=".py")
        if any(name.startswith("tool_generator") for name in imports(path))
    ]
    assert guilty == []


RUNTIME = ROOT / "runtime" / "tool_runtime"
# What a package must not import, by the beginning of the name.
UPPER = ("tool_runtime.http", "tool_runtime.accounts", "tool_runtime.sandbox", "tool_runtime.surfaces")
FORBIDDEN = {
    "values": ("httpx", "httpcore", "tool_runtime.core", *UPPER),
    "core": ("httpx", "httpcore", *UPPER),
    "http": ("tool_runtime.accounts", "tool_runtime.sandbox", "tool_runtime.surfaces"),
    "accounts": ("httpx", "httpcore", "tool_runtime.http", "tool_runtime.sandbox", "tool_runtime.surfaces"),
    "sandbox": ("tool_runtime.http", "tool_runtime.accounts", "tool_runtime.surfaces"),
}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_of_the_runtime_knows_only_what_stands_below_it(package):
    guilty = {
        (path.name, name)
        for path in files(RUNTIME / package, suffix=".py")
        for name in imports(path)
        if name.startswith(FORBIDDEN[package])
    }
    assert guilty == set()


def test_a_surface_imports_no_other_surface():
    surfaces = {path.name for path in (RUNTIME / "surfaces").iterdir() if path.is_dir()} - SKIPPED - {"common"}
    guilty = {
        (path.name, name)
        for surface in surfaces
        for path in files(RUNTIME / "surfaces" / surface, suffix=".py")
        for name in imports(path)
        if name.startswith(tuple(f"tool_runtime.surfaces.{other}" for other in surfaces - {surface}))
    }
    assert guilty == set()


def test_the_runtime_needs_neither_yaml_nor_templates():
    guilty = [path for path in files(ROOT / "runtime", suffix=".py") if imports(path) & {"yaml", "jinja2"}]
    assert guilty == []


@pytest.mark.parametrize(
    "heavy", ["httpx", "jsonschema", "jsonschema_rs", "click", "rich", "dataclasses", "typing", "json"]
)
def test_importing_the_bindings_loads_nothing_heavy(heavy):
    code = f"import sys; before = set(sys.modules); import retell_ai; print({heavy!r} in set(sys.modules) - before)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "False\n"


def test_a_client_loads_httpx_only_when_it_sends():
    code = "import sys; from retell_ai import Client; Client(api_key='key_x'); print('httpx' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "False\n"


def test_every_package_is_marked_as_typed():
    for package in ("runtime/tool_runtime", "generator/tool_generator", "generated/retell_ai"):
        assert (ROOT / package / "py.typed").is_file()


@pytest.mark.parametrize("path", files(*PYTHON_FOLDERS, suffix=".py"), ids=lambda path: path.name)
def test_no_module_outgrows_its_reader(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_every_lint_exemption_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    section = lines[lines.index("[tool.ruff.lint]") : lines.index("[tool.ruff.lint.isort]")]
    entries = [line for line in section if re.match(r'\s*"[A-Z]+[0-9]*",', line)]
    assert entries
    assert [line for line in entries if not re.search(r"# \S+ \S+", line)] == []


def test_the_version_is_the_specs():
    api = (ROOT / "spec" / "retell_ai" / "api.yaml").read_text(encoding="utf-8")
    code = "import retell_ai; print(retell_ai.__version__)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert re.search(r"^  version: (\S+)$", api, re.MULTILINE)[1] == ended.stdout.strip()


def test_development_needs_are_declared_with_the_extras():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert extras.keys() == {
        "generator",
        "keyring",
        "lua",
        "mcp",
        "sandbox",
        "socks",
        "all",
        "dev",
        "bench",
        "docs",
        "browser",
    }


MACHINE_PATHS = re.compile(rb"(?<![\w.])/(?:root|home/\w+|Users/\w+|work|mnt)/[\w.]")
NUMBERS = re.compile(rb"\+1\d{10}\b")


def test_no_file_holds_a_path_of_somebodys_machine():
    assert [path for path in text_files() if MACHINE_PATHS.search(path.read_bytes())] == []


def test_no_file_names_a_package_index():
    hosts = (b"pypi" + b".org", b"files.python" + b"hosted")
    assert [path for path in text_files() if any(host in path.read_bytes() for host in hosts)] == []


def test_every_phone_number_is_a_fictitious_one():
    found = {(path.name, number) for path in text_files() for number in NUMBERS.findall(path.read_bytes())}
    assert {(name, number) for name, number in found if not re.fullmatch(rb"\+1\d{3}55501\d\d", number)} == set()


@pytest.mark.parametrize("folders", [GENERIC, [ROOT / "tests"]], ids=["modules", "tests"])
def test_no_two_files_share_a_name(folders):
    names = [path.name for path in files(*folders, suffix=".py") if path.name not in {"__init__.py", "conftest.py"}]
    assert sorted(name for name in names if names.count(name) > 1) == []


def test_the_maps_in_docstrings_name_files_that_exist():
    modules = files(*GENERIC, suffix=".py")
    existing = {path.name for path in modules} | {path.name for path in files(ROOT / "generated", suffix=".py")}
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in modules
        if path.name == "__init__.py"
        for name in re.findall(r"\w+\.py\b", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    }
    assert {(path, name) for path, name in named if name not in existing} == set()


def test_the_generator_takes_format_and_pointers_of_a_registry_from_the_runtime():
    spelled = [
        path
        for path in files(ROOT / "generator", suffix=".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and node.value == "#/types/")
        or (isinstance(node, ast.Name) and node.id == "FORMAT" and isinstance(node.ctx, ast.Store))
    ]
    assert spelled == []
