"""The versions that the gates are run with: constraints.txt, and the floors of pyproject.toml."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .floors import floors, normal, requirements

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
CONSTRAINTS = {normal(name): version for name, _, version in (line.partition("==") for line in LINES)}


def project(*dependencies, name="some-tools", **extras):
    return {
        "build-system": {"requires": ["builder>=1"]},
        "project": {"name": name, "dependencies": list(dependencies), "optional-dependencies": extras},
    }


def test_a_constraint_is_a_name_and_a_version():
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", line)] == []
    assert len(CONSTRAINTS) == len(LINES)


def test_every_requirement_stands_at_one_version():
    needed = {normal(Requirement(text).name) for text in requirements(PYPROJECT)}
    assert needed - CONSTRAINTS.keys() == set()


@pytest.mark.parametrize("text", sorted(set(requirements(PYPROJECT))))
def test_a_constraint_is_a_version_that_the_project_allows(text):
    requirement = Requirement(text)
    version = CONSTRAINTS.get(normal(requirement.name))
    assert version is None or requirement.specifier.contains(version)


def needs(name):
    """Return what a package needs here; nothing where another version of the package is installed, or none."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return set()
    if installed.version != CONSTRAINTS[name]:
        return set()
    needed = [Requirement(text) for text in installed.requires or ()]
    return {normal(need.name) for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})}


def test_what_a_constrained_package_needs_is_constrained_too():
    found = {name: needs(name) - CONSTRAINTS.keys() for name in CONSTRAINTS}
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_each_declared_floor_becomes_one_pinned_version():
    declared = project(
        "httpx[socks]>=0.27,<1", "Jinja2 >= 3.1", lua=["lupa<3,>=2.4; python_version > '3'"], dev=["some-tools[lua]"]
    )
    assert floors(declared) == {"builder": "1", "httpx": "0.27", "jinja2": "3.1", "lupa": "2.4"}


@pytest.mark.parametrize("requirement", ["click", "click<9", "click==8.2.*", "click!=8.3; extra >= 'x'"])
def test_a_requirement_without_a_floor_is_named(requirement):
    with pytest.raises(ValueError, match=r"click.* has no floor; write click>=VERSION"):
        floors(project(requirement))


def test_two_floors_of_one_package_are_named():
    with pytest.raises(ValueError, match=r"markdown-it-py has the floors 3\.0 and 3\.1"):
        floors(project("markdown_it.py>=3.0", dev=["Markdown-It-Py>=3.1"]))


def test_the_floors_of_this_project_are_what_pip_reads_as_constraints():
    script = Path(__file__).with_name("floors.py")
    ended = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True, check=True, timeout=60)
    written = dict(line.split("==") for line in ended.stdout.splitlines())
    assert written == floors(PYPROJECT)
    assert all(
        Requirement(text).specifier.contains(written[normal(Requirement(text).name)])
        for text in requirements(PYPROJECT)
    )
