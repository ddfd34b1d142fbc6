"""A change of the spec shows where it belongs: few files change, and two branches meet in no line."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tool_generator.emit import output_folder
from tool_generator.generate import compile_spec, generated_files

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec" / "retell_ai"
GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


def groups(folder):
    """Give the tools with a plain summary by group, in the order of the reference."""
    compiled = compile_spec(folder)
    return {
        name: [tool for tool in group.tools if compiled.registry.tools[tool].summary.endswith(".")]
        for name, group in compiled.registry.groups.items()
    }


def reword(folder, tool):
    """Add words to the summary of a tool, in its YAML file."""
    for path in folder.glob("tools/*.yaml"):
        text = path.read_text(encoding="utf-8")
        found = re.search(rf"^  {tool}:\n(?:    .*\n)*?    summary: .*?(?=\.['\"]?\n)", text, re.MULTILINE)
        if found:
            path.write_text(f"{text[: found.end()]}, as reworded{text[found.end() :]}", encoding="utf-8")
            return
    raise AssertionError(tool)


def add_behind(folder, tool):
    """Add a tool to the end of the file that holds `tool`."""
    path = next(path for path in folder.glob("tools/*.yaml") if f"\n  {tool}:\n" in path.read_text(encoding="utf-8"))
    added = f"""
  one_more_{path.stem}:
    class: read
    method: GET
    path: /one-more/{path.stem}
    summary: Read one more.
    returns: {{status: 200, schema: {{type: object, properties: {{text: {{type: string}}}}}}}}
"""
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + "\n" + added, encoding="utf-8")


@pytest.fixture
def spec(tmp_path):
    return Path(shutil.copytree(SPEC, tmp_path / "spec"))


def test_a_new_summary_changes_only_the_files_that_show_it(spec):
    before = generated_files(compile_spec(spec))
    reword(spec, "get_call")
    after = generated_files(compile_spec(spec))
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {name for name, text in after.items() if "as reworded" in text}
    assert len(changed) <= 10


def test_a_new_field_of_a_type_changes_few_files(spec):
    path = spec / "types" / "agents.yaml"
    before = generated_files(compile_spec(spec))
    text = path.read_text(encoding="utf-8")
    field = "          sparkle:\n            description: How much the agent sparkles.\n            type: integer\n"
    start = text.index("        properties:\n", text.index("\n  Agent:\n")) + len("        properties:\n")
    path.write_text(text[:start] + field + text[start:], encoding="utf-8")
    after = generated_files(compile_spec(spec))
    changed = {name for name in after if before.get(name) != after[name]}
    python = {name for name in changed if name.endswith(".py")}
    assert python == {"types/agents.py"}


def git(folder, *arguments):
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def generate(folder):
    files = generated_files(compile_spec(folder / "spec"))
    output_folder.write(files, folder / "generated")


@pytest.mark.parametrize(("one", "two"), [(reword, reword), (add_behind, reword), (add_behind, add_behind)])
def test_two_branches_that_change_tools_of_two_groups_merge_without_a_conflict(one, two, tmp_path, spec):
    # The last tool of one group and the first of the next: nowhere are two tools closer to each other.
    order = [tools for tools in groups(spec).values() if tools]
    first, second = order[0][-1], order[1][0]
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    generate(tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "Begin")
    for branch, change, tool in (("one", one, first), ("two", two, second)):
        git(tmp_path, "checkout", "--quiet", "-b", branch, "main")
        change(spec, tool)
        generate(tmp_path)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "-m", f"Change {tool}")
    git(tmp_path, "merge", "--quiet", "--no-edit", "one")
    merged = generated_files(compile_spec(spec))
    assert output_folder.difference(merged, tmp_path / "generated") == ""
