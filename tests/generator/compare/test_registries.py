"""Where registries come from: files, folders, revisions of a git repository; and what happens when they are none."""

import json
import os
import re
import subprocess

import pytest

from tool_generator.compare.registries import Unusable, find_registry


@pytest.fixture
def registry(gadgets):
    return gadgets.document()


@pytest.fixture
def repository(tmp_path, registry):
    """Return a repository with the registry in its first commit, tagged v1, and in its second, with a tool less."""
    root = tmp_path / "repository"
    path = root / "generated" / "small_api" / "registry.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(registry), encoding="utf-8")
    git(root, "init", "--quiet")
    commit(root, "first")
    git(root, "tag", "v1")
    path.write_text(json.dumps(registry | {"tools": {}}), encoding="utf-8")
    commit(root, "second")
    return root


def git(root, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", "-C", str(root), *settings, *arguments], check=True, capture_output=True, env=environment, timeout=60
    )


def commit(root, message):
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", message)


def test_a_file_and_the_folders_around_it_name_the_same_registry(repository):
    for given in ("generated/small_api/registry.json", "generated/small_api", "generated", "."):
        assert len(find_registry(given, repository).tools) == 0


@pytest.mark.parametrize(
    "given",
    ["v1", "HEAD~1", "v1:generated/small_api", "v1:generated/small_api/registry.json", "v1:./generated/small_api/"],
)
def test_a_revision_names_the_registry_of_that_time(given, repository, registry):
    assert find_registry(given, repository).tools.keys() == registry["tools"].keys()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "nowhere: there is no such file or folder, and no such git revision"),
        ("--help", "--help: there is no such file or folder, and no such git revision"),
        ("v1:README.md", "v1:README.md: the revision holds no README.md"),
        ("empty", "empty holds no registry.json; name the file"),
    ],
)
def test_what_names_no_registry_is_said_in_one_line(given, message, repository):
    (repository / "empty").mkdir()
    with pytest.raises(Unusable, match=f"^{re.escape(message)}$"):
        find_registry(given, repository)


BROKEN = {
    "another document": (lambda _: "[]", "is not a registry"),
    "another format": (
        lambda registry: json.dumps(registry | {"registry": 7}),
        "has registry format 7, but only 1 can be read",
    ),
    "no types": (lambda registry: json.dumps({**registry, "types": None}), "lacks types"),
    "a tool without a path": (
        lambda registry: json.dumps({**registry, "tools": {"x": {"method": "GET"}}}),
        "tools.x lacks path",
    ),
    "a parameter without a schema": (
        lambda registry: json.dumps(
            {
                **registry,
                "tools": {"x": {"method": "GET", "path": "/", "class": "read", "parameters": {"a": {"in": "query"}}}},
            }
        ),
        "tools.x.parameters.a lacks in or schema",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_registry_is_named_with_what_is_wrong(case, registry, tmp_path):
    make, message = BROKEN[case]
    (tmp_path / "broken.json").write_text(make(registry), encoding="utf-8")
    with pytest.raises(Unusable, match=f"^broken.json: {re.escape(message)}$"):
        find_registry("broken.json", tmp_path)


def test_a_registry_that_is_not_json_is_named(tmp_path):
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(Unusable, match=r"^broken.json: is not JSON: "):
        find_registry("broken.json", tmp_path)


def test_without_a_repository_a_revision_is_unknown(tmp_path):
    with pytest.raises(Unusable, match="no such git revision"):
        find_registry("v1", tmp_path)
