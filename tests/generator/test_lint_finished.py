from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from tool_generator.check.finished import repeats_name, review_marks
from tool_generator.cli import main
from tool_generator.generate import compile_spec
from tool_generator.problems import SpecProblems

from .conftest import LIBRARY, REPOSITORY


@pytest.fixture
def finished(spec):
    """The small spec, finished: a test takes one thing away."""
    tool = spec.tools["get_thing"]
    tool["summary"] = "Read a thing with its parts and their weights."
    tool["parameters"]["thing_id"]["description"] = "Id of the thing, from the list of things."
    tool["examples"] = [{"title": "Read the first", "arguments": {"thing_id": "thing_1"}}]
    return spec


def left(spec):
    folder = spec.write()
    compile_spec(folder)
    try:
        compile_spec(folder, strict=True)
    except SpecProblems as error:
        return [problem.message for problem in error.problems]
    return []


def test_nothing_is_left_of_a_finished_spec(finished):
    assert left(finished) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"summary": "Get a thing."}, "get_thing: the summary only repeats the name"),
        ({"summary": "Fetch the single thing"}, "get_thing: the summary only repeats the name"),
        ({"summary": "…"}, "get_thing: summary says nothing"),
        ({"description": "TODO: write this"}, "get_thing: description says nothing"),
        ({"description": " \n"}, "get_thing: description says nothing"),
        ({"returns": {"description": "?"}}, "get_thing: returns.description says nothing"),
        ({"examples": []}, "get_thing: has no example"),
        ({"examples": [{"title": "-", "arguments": {"thing_id": "1"}}]}, "get_thing: examples.0.title says nothing"),
    ],
)
def test_what_people_have_not_written_is_left(finished, change, problem):
    finished.tools["get_thing"].update(change)
    assert any(message.startswith(problem) for message in left(finished))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, 'get_thing: the argument "thing_id" has no description'),
        ("", 'get_thing: the argument "thing_id" has no description'),
    ],
)
def test_an_argument_without_words_of_its_own_is_left(finished, text, problem):
    data = finished.tools["get_thing"]["parameters"]["thing_id"]
    data.pop("description")
    if text is not None:
        data["description"] = text
    assert problem in left(finished)


def test_an_empty_description_of_a_field_of_a_type_is_left(finished):
    finished.types["types"]["Thing"]["properties"]["thing_id"]["description"] = ""
    assert left(finished) == ["Thing: properties.thing_id.description says nothing"]


def test_a_field_or_an_argument_may_be_named_description(finished):
    finished.types["types"]["Thing"]["properties"]["description"] = {"type": "string", "default": ""}
    finished.tools["get_thing"]["parameters"]["summary"] = {
        "in": "query",
        "description": "Whether to shorten the parts.",
        "schema": {"type": "string"},
    }
    finished.tools["get_thing"]["examples"][0]["arguments"]["summary"] = ""
    assert left(finished) == []


def test_a_write_with_effects_says_how_to_find_out_or_why_nobody_can(finished):
    finished.tool(
        "sell_thing",
        summary="Sell a thing to the highest bidder.",
        effects=["spend"],
        examples=[{"title": "Sell it", "arguments": {}}],
    )
    assert [message.split(":", 2)[:2] for message in left(finished)] == [
        ["sell_thing", " a write with the effect spend and no reconcile"]
    ]
    finished.tools["sell_thing"]["untraceable"] = "Nobody keeps a list of sales."
    assert left(finished) == []


def test_untraceable_beside_reconcile_or_on_a_read_is_a_problem(finished):
    finished.tools["get_thing"]["untraceable"] = "Nobody knows."
    finished.tool(
        "sell", untraceable="Nobody knows.", reconcile={"tool": "get_thing", "with": {"thing_id": "1"}, "note": "Look."}
    )
    assert finished.messages() == [
        "get_thing: a read can be repeated; untraceable is for writes",
        "sell: untraceable says that no read can tell what happened, and reconcile names one",
    ]


def test_the_reason_of_untraceable_is_for_maintainers_and_not_in_the_registry(finished):
    finished.tool("sell", untraceable="Nobody keeps a list of sales.")
    assert "untraceable" not in finished.document()["tools"]["sell"]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("a: 1 # review: is it one?\n", [(1, "is it one?")]),
        ("# review\na: 1\n  # Review: two lines\n", [(1, ""), (3, "two lines")]),
        ("a: '# review: in quotes'\nb: |\n  # review: in a text\nc: x#review y\n", []),
        ("# reviewed by nobody\na: 1\n", []),
        ("a: ü # review: ö\r\nb: 1 # review: c\r\n", [(1, "ö"), (2, "c")]),
    ],
)
def test_review_marks_are_those_in_comments(text, marks):
    assert list(review_marks(text)) == marks


@pytest.mark.parametrize(
    ("name", "text", "repeats"),
    [
        ("list_phone_numbers", "List all phone numbers.", True),
        ("create_entry", "Add a new entry", True),
        ("get_call", "Read a call: times and costs.", False),
        ("stop_call", "Hang up a call that is going on.", False),
    ],
)
def test_a_summary_repeats_the_name_if_no_word_is_new(name, text, repeats):
    assert repeats_name(name, text) is repeats


def test_open_marks_stand_in_the_report_with_their_lines(tmp_path):
    shutil.copytree(LIBRARY, tmp_path / "spec")
    path = tmp_path / "spec" / "tools" / "books.yaml"
    path.write_text(f"{path.read_text()}    # review: one more?\n")
    result = CliRunner().invoke(main, ["validate", "--strict", "--spec", str(tmp_path / "spec")])
    assert result.exit_code == 1
    line = len(path.read_text().splitlines())
    assert f"{path}:{line}: there is an open review mark: one more?" in result.stderr.splitlines()
    assert CliRunner().invoke(main, ["validate", "--spec", str(tmp_path / "spec")]).exit_code == 0


def test_the_spec_of_this_repository_is_finished():
    compile_spec(REPOSITORY / "spec" / "retell_ai", strict=True)


def test_a_resource_that_nothing_names_is_left(finished):
    finished.texts["sandbox.yaml"] = "resources:\n  ghost: {type: Thing, id: {field: thing_id, prefix: t_}}\n"
    assert left(finished) == ['no tool and no other resource names the resource "ghost"']


def test_a_file_in_a_folder_that_nobody_reads_is_a_warning(finished):
    folder = finished.write()
    (folder / "tool").mkdir()
    (folder / "tool" / "more.yaml").write_text("tools: {}\n", encoding="utf-8")
    (warning,) = compile_spec(folder).warnings
    assert warning.file == str(folder / "tool" / "more.yaml")
    assert "tools stand in tools/" in warning.message
