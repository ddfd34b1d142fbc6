"""What changed between the tags of a repository."""

import copy
import json
import subprocess

import pytest

from tool_generator.publish.tag_history import NEXT, release_history
from tool_runtime.core.registry import Registry


class Repository:
    def __init__(self, folder, document):
        self.folder = folder
        self.path = folder / "generated" / document["api"]["name"] / "registry.json"
        self.path.parent.mkdir(parents=True)
        self.git("init", "-q")

    def git(self, *arguments):
        identity = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "tag.gpgsign=false",
        ]
        subprocess.run(["git", "-C", self.folder, *identity, *arguments], check=True, timeout=60)

    def release(self, tag, content):
        self.path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-qm", tag, "--allow-empty")
        self.git("tag", tag)


@pytest.fixture
def first(spec):
    return spec.document()


@pytest.fixture
def repository(tmp_path, first):
    return Repository(tmp_path / "repository", first)


def changed(document, **tool):
    document = copy.deepcopy(document)
    document["tools"]["get_thing"].update(tool)
    return document


def test_each_release_tells_what_it_changed_the_newest_first(repository, first):
    second = changed(first, effects=["spend"])
    third = changed(second, deprecated=True)
    repository.release("v0.9.0", first)
    repository.release("v0.10.0", second)
    notes = release_history(repository.folder, Registry(third))
    assert [note.title.partition(" (")[0] for note in notes] == [NEXT, "0.10.0", "0.9.0"]
    assert "effects: spend" in notes[1].text
    assert any("effects: spend" in text for text in notes[1].tools["get_thing"])
    assert list(notes[0].tools["get_thing"]) == ["is deprecated"]


def test_a_break_is_said_before_all_else(repository, first):
    second = changed(first, deprecated=True, **{"class": "write"})
    repository.release("v1.0.0", first)
    note, _ = release_history(repository.folder, Registry(second))
    assert note.tools["get_thing"][0].startswith("**Breaking:** ")


def test_a_state_that_changes_nothing_since_the_last_tag_adds_nothing(repository, first):
    repository.release("v1.0.0", first)
    assert [note.title.partition(" ")[0] for note in release_history(repository.folder, Registry(first))] == ["1.0.0"]


def test_the_first_release_tells_how_many_tools_there_are(repository, first):
    repository.release("v1.0.0", first)
    repository.release("v1.1.0", changed(first, deprecated=True))
    *_, note = release_history(repository.folder, Registry(first))
    assert len(first["tools"]) == 1
    assert note.text == "The first release: 1 tool."
    assert not note.tools


@pytest.mark.parametrize("broken", ["no JSON", '{"registry": 99}', "{}"])
def test_a_tag_whose_registry_cannot_be_read_is_left_out(repository, first, broken):
    repository.release("v1.0.0", first)
    repository.release("v1.1.0", broken)
    note, _ = release_history(repository.folder, Registry(changed(first, deprecated=True)))
    assert list(note.tools["get_thing"]) == ["is deprecated"]


@pytest.mark.parametrize("tag", ["nightly", "v1", "v1.0.0-rc1", "docs-1.0.0"])
def test_a_tag_that_is_no_version_is_no_release(repository, first, tag):
    repository.release(tag, first)
    assert release_history(repository.folder, Registry(changed(first, deprecated=True))) == ()


def test_a_folder_without_git_has_no_history(tmp_path, first):
    assert release_history(tmp_path, Registry(first)) == ()
