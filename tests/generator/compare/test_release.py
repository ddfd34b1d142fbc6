"""Releases: version, changelog and output together or not at all, and never a smaller step than is due."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tool_generator.cli import main
from tool_generator.release import releasing as release

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Something by hand.

## [1.0.0] - 2026-01-01

### Added

- Everything.

[Unreleased]: https://example.com/compare/v1.0.0...HEAD
"""


class Project:
    """A project with a spec, its generated package, a changelog, and the registry of the last release."""

    def __init__(self, spec, root):
        self.spec = spec
        self.root = root
        self.out = root / "generated" / "small_api"
        self.changelog = root / "CHANGELOG.md"
        self.last = root / "last.json"
        self.changelog.write_text(CHANGELOG, encoding="utf-8")
        self.last.write_text(json.dumps(spec.document()), encoding="utf-8")
        self.run("generate", "--spec", str(spec.folder), "--out", str(self.out))

    def run(self, *arguments):
        return CliRunner().invoke(main, list(arguments))

    def release(self, *arguments):
        self.spec.write()
        return self.again(*arguments)

    def again(self, *arguments):
        """Release what stands in the folder, whatever the fixture remembers."""
        paths = {"--spec": self.spec.folder, "--out": self.out, "--changelog": self.changelog, "--since": self.last}
        given = [text for option, path in paths.items() for text in (option, str(path))]
        return self.run("release", *given, "--date", "2026-02-01", *arguments)

    def files(self):
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def project(gadgets, tmp_path):
    return Project(gadgets, tmp_path)


def add_a_tool(project):
    project.spec.tool("ring_gadget", summary="Ring it.")


def break_a_tool(project):
    project.spec.tools["get_gadget"]["class"] = "write"
    del project.spec.tools["get_gadget"]["parameters"]["version"]


def test_a_release_writes_version_changelog_and_output(project):
    add_a_tool(project)
    done = project.release()
    assert (done.exit_code, done.stderr) == (0, "")
    assert "version: 1.1.0\n" in (project.spec.folder / "api.yaml").read_text("utf-8")
    assert json.loads((project.out / "registry.json").read_bytes())["api"]["version"] == "1.1.0"
    assert '__version__ = "1.1.0"' in (project.out / "__init__.py").read_text("utf-8")
    assert project.changelog.read_text("utf-8") == CHANGELOG.replace(
        "## [Unreleased]\n\n### Added\n\n- Something by hand.\n",
        "## [Unreleased]\n\n## [1.1.0] - 2026-02-01\n\n### Added\n\n- Something by hand.\n"
        "- `ring_gadget`: a new write: Ring it.\n",
    ).replace(
        "[Unreleased]: https://example.com/compare/v1.0.0...HEAD",
        "[Unreleased]: https://example.com/compare/v1.1.0...HEAD\n[1.1.0]: https://example.com/compare/v1.0.0...v1.1.0",
    )


def test_after_a_release_the_output_is_current(project):
    add_a_tool(project)
    assert project.release().exit_code == 0
    check = project.run("generate", "--spec", str(project.spec.folder), "--out", str(project.out), "--check")
    assert (check.exit_code, check.stdout) == (0, f"{project.out} is current: {len(list(generated(project)))} files\n")


def generated(project):
    return (path for path in project.out.rglob("*") if path.is_file())


def test_only_the_version_changes_in_the_spec(project):
    path = project.spec.folder / "api.yaml"
    before = path.read_text("utf-8").replace("version: 1.0.0", "version: '1.0.0'  # as in the tag")
    path.write_text(before, encoding="utf-8")
    assert project.again("--bump", "minor").exit_code == 0
    assert path.read_text("utf-8") == before.replace("'1.0.0'", "1.1.0")


@pytest.mark.parametrize("arguments", [("--bump", "patch"), ("--bump", "minor"), ("--version", "1.9.0")])
def test_a_smaller_step_than_the_difference_asks_for_is_refused(arguments, project):
    break_a_tool(project)
    project.spec.write()
    before = project.files()
    done = project.release(*arguments)
    assert done.exit_code == 1
    assert "what changed asks for a major step: 2.0.0 or later" in done.stderr
    assert project.files() == before


@pytest.mark.parametrize(("arguments", "version"), [((), "2.0.0"), (("--version", "3.0.0"), "3.0.0")])
def test_a_break_makes_a_major_version(arguments, version, project):
    break_a_tool(project)
    done = project.release(*arguments)
    assert done.stdout.splitlines()[0].startswith(f"{version} after 1.0.0: ")


def test_a_larger_step_than_needed_is_taken_as_asked(project):
    assert project.release("--bump", "major").stdout.startswith("2.0.0 after 1.0.0: ")


def test_words_alone_make_a_patch(project):
    assert project.release().stdout.startswith("1.0.1 after 1.0.0: ")


def test_where_nothing_has_changed_nothing_is_released(project):
    project.changelog.write_text(CHANGELOG.replace("### Added\n\n- Something by hand.\n\n", ""), encoding="utf-8")
    done = project.release()
    assert (done.exit_code, done.stderr) == (1, "refused: nothing has changed since 1.0.0\n")


@pytest.mark.parametrize("version", ["1.0.0", "0.9.0"])
def test_a_version_that_does_not_come_later_is_refused(version, project):
    done = project.release("--version", version)
    assert (done.exit_code, done.stderr) == (1, f"refused: {version} does not come after 1.0.0\n")


def test_check_says_what_would_be_written_and_writes_nothing(project):
    add_a_tool(project)
    project.spec.write()
    before = project.files()
    done = project.release("--check")
    assert done.exit_code == 1
    assert f"{project.changelog}: section 1.1.0\n" in done.stdout
    assert "- `ring_gadget`: a new write: Ring it.\n" in done.stdout
    assert project.files() == before


def test_a_release_is_made_once(project):
    add_a_tool(project)
    assert project.release().exit_code == 0
    before = project.files()
    done = project.again()
    assert (done.exit_code, done.stderr) == (1, f"refused: {project.changelog} has a section for 1.1.0 already\n")
    assert project.files() == before


def test_when_the_output_cannot_be_written_everything_is_as_before(project):
    add_a_tool(project)
    project.spec.write()
    (project.out / "schemas" / "ring_gadget.json").write_text("somebody else's", encoding="utf-8")
    before = project.files()
    done = project.release()
    assert done.exit_code == 1
    assert "nothing was written" in done.stderr
    assert project.files() == before


def test_a_spec_with_problems_is_not_released(project):
    project.spec.tools["get_gadget"]["path"] = "/gadgets"
    before = project.changelog.read_bytes()
    done = project.release()
    assert done.exit_code == 1
    assert "tools/things.yaml:" in done.stderr
    assert project.changelog.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--version", "1.x"), "--version: '1.x' is not a version of the form 1.2.3"),
        (("--date", "tomorrow"), "--date tomorrow is not a date"),
        (("--bump", "minor", "--version", "2.0.0"), "--bump and --version exclude each other"),
        (("--since", "nowhere"), "nowhere: there is no such file or folder, and no such git revision"),
        (("--changelog", "missing.md"), "missing.md: cannot be read"),
    ],
)
def test_wrong_use_ends_in_one_line(arguments, message, project):
    done = project.release(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_changelog_without_the_heading_unreleased_is_refused(project):
    project.changelog.write_text("# Changelog\n", encoding="utf-8")
    done = project.release("--bump", "minor")
    assert (done.exit_code, done.stderr) == (2, f"{project.changelog}: has no heading ## [Unreleased]\n")


def test_the_first_release_takes_the_version_of_the_spec(project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.changelog.write_text("# Changelog\n\n## [Unreleased]\n\n- First.\n", encoding="utf-8")
    done = project.run("release", "--spec", str(project.spec.folder), "--out", str(project.out), "--date", "2026-02-01")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("1.0.0: ")
    expected = "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-02-01\n\n- First.\n"
    assert project.changelog.read_text("utf-8") == expected


def test_a_plan_holds_everything_before_anything_is_written(project):
    add_a_tool(project)
    order = release.Order(project.spec.write(), project.out, project.changelog, "2026-02-01", since=str(project.last))
    before = project.files()
    plan = release.plan(order)
    assert (plan.version, plan.previous, plan.demand) == ("1.1.0", "1.0.0", "minor")
    assert project.files() == before
    release.write(plan)
    assert Path(project.out, "schemas", "ring_gadget.json").is_file()
