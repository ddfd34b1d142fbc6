"""The pages, read as a reader reads them."""

import ast
import json
import posixpath
import re
import shlex
import statistics
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lupa import lua54
from markdown_it.token import Token

from tool_generator.emit.reference import emit_docs
from tool_generator.emit.reference.markdown import Anchors
from tool_generator.generate import compile_spec
from tool_runtime.core.registry import Registry

ROOT = Path(__file__).parents[3]
SPECS = [ROOT / "tests" / "library_api" / "spec", *sorted(path.parent for path in ROOT.glob("spec/*/api.yaml"))]
# The line that marks a file as generated.
MARK = 200
Section = Callable[[str], str]
Parse = Callable[[str], list[Token]]
Said = Callable[[str], str]


def _headings(tokens: list[Token]) -> list[str]:
    found = []
    for opening, text in pairwise(tokens):
        if opening.type == "heading_open":
            found.append(f"{opening.markup} {''.join(child.content for child in text.children or [])}")
    return found


def _anchors(tokens: list[Token]) -> set[str]:
    anchors = Anchors()
    return {anchors.add(heading.partition(" ")[2]) for heading in _headings(tokens)}


def _links(tokens: list[Token]) -> set[str]:
    children = [child for token in tokens for child in token.children or []]
    return {str(child.attrs["href"]) for child in children if child.type == "link_open"}


GUIDES = ["generic_helpers", "accounts", "values", "retries", "waiting", "uploads", "sandbox", "errors"]


def test_every_tool_type_and_guide_has_a_page(pages: dict[str, str], registry: dict[str, Any]):
    assert set(pages) == {
        "llms.txt",
        "reference/library-api.md",
        "reference/overview.md",
        *(f"reference/tools/{name}.md" for name in registry["tools"]),
        *(f"reference/types/{name}.md" for name in registry["types"]),
        *(f"reference/guides/{name}.md" for name in GUIDES),
    }


def test_the_whole_reference_keeps_the_order_of_its_sections(reference: str, parse: Parse):
    tops = [heading for heading in _headings(parse(reference)) if not heading.startswith("###")]
    assert tops == [
        *("# The | Library #", "## First", "## How to call", "## Books", "## Errors"),
        *("## Generic API helpers", "## Accounts and policy", "## Values", "## Retries and outcomes"),
        *("## Waiting and paging", "## Uploads", "## Sandbox", "## Errors", "## Functions", "## Types"),
    ]


def test_functions_and_types_follow_the_order_of_the_registry(section: Section, parse: Parse, registry: dict[str, Any]):
    ordered = [name for group in registry["groups"].values() for name in group["tools"]]
    types = [name for name in registry["types"] if name not in {"Unused", "State", "Filter"}]
    for heading, names in (("## Functions", ordered), ("## Types", [f"Type {name}" for name in types])):
        entries = [line[4:] for line in _headings(parse(section(heading))) if line.startswith("### ")]
        assert entries == names


def _lost(pages: dict[str, str], parse: Parse) -> list[tuple[str, str]]:
    """Return the links of all pages that lead to no page or to no heading."""
    tokens = {path: parse(text) for path, text in pages.items()}
    anchors = {path: _anchors(parsed) for path, parsed in tokens.items()}
    lost = []
    for path, parsed in tokens.items():
        for link in _links(parsed):
            file, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
            if target in {"registry.json", "openapi.json"} or link == "y":
                continue
            if target not in pages or (anchor and anchor not in anchors[target]):
                lost.append((path, link))
    return lost


def test_every_link_leads_to_a_page_or_a_heading(pages: dict[str, str], parse: Parse):
    assert _lost(pages, parse) == []


def _written(folder: Path) -> dict[str, str]:
    compiled = compile_spec(folder)
    return emit_docs(compiled.registry, compiled.guide)


@pytest.fixture(scope="session", params=SPECS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def written(request: pytest.FixtureRequest) -> dict[str, str]:
    """The pages of a spec in this repository."""
    return _written(request.param)


def test_every_link_of_a_whole_api_leads_somewhere(written: dict[str, str], parse: Parse):
    assert _lost(written, parse) == []


def test_links_of_the_whole_reference_stay_on_the_page(written: dict[str, str], parse: Parse):
    (whole,) = [text for path, text in written.items() if path.count("/") == 1 and not path.endswith("overview.md")]
    assert [link for link in _links(parse(whole)) if not link.startswith("#")] == []


def test_a_link_leads_to_the_page_of_what_the_link_names(written: dict[str, str], parse: Parse):
    """No page of a tool, a type or a guide leads to the overview or to the whole reference."""
    for path, text in written.items():
        if path.count("/") == 2:
            for link in _links(parse(text)):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
                assert target.count("/") == 2, (path, link)


def test_pages_are_small_enough_for_a_small_context(written: dict[str, str]):
    sizes = {path: len(text.encode()) + MARK for path, text in written.items()}
    tools = {path: size for path, size in sizes.items() if path.startswith("reference/tools/")}
    assert statistics.median(tools.values()) < 3_000
    assert {path: size for path, size in tools.items() if size > 12_000} == {}
    assert sizes["reference/overview.md"] < 24_000
    assert sizes["llms.txt"] < 4_000
    others = [size for path, size in sizes.items() if path.startswith(("reference/types/", "reference/guides/"))]
    assert max(others) < 12_000


def test_no_code_span_holds_a_backslash_that_the_spec_does_not(written: dict[str, str], parse: Parse):
    for path, text in written.items():
        spans = [
            child.content for token in parse(text) for child in token.children or [] if child.type == "code_inline"
        ]
        assert [span for span in spans if "\\|" in span] == [], path


def test_a_page_that_would_be_too_large_gives_away_examples_first_and_then_arguments(registry: dict[str, Any]):
    entry = registry["tools"]["list_books"]
    long = {"title": "Many", "arguments": {"filter": {"genre": "x" * 3_000}}}
    entry["examples"] = [entry["examples"][0], long]
    pages = emit_docs(Registry(registry), {})
    page = pages["reference/tools/list_books.md"]
    assert "[a page of their own](list_books.examples.md)" in page
    assert "## Arguments\n\n- `filter` (object): Also accepted" in page
    assert "Many:\n\n```python\n" in pages["reference/tools/list_books.examples.md"]
    for number in range(200):
        entry["parameters"][f"field_{number}"] = {"in": "body", "schema": {"type": "string"}, "description": "w " * 40}
    pages = emit_docs(Registry(registry), {})
    page = pages["reference/tools/list_books.md"]
    assert len(page.encode()) < 12_000
    assert "- `field_7` (string)\n" in page
    assert "Each argument in full: [arguments](list_books.arguments.md)." in page
    assert "- `field_7` (string): w w w" in pages["reference/tools/list_books.arguments.md"]
    assert "- `field_7` (string): w w w" in pages["reference/library-api.md"]


def test_pages_end_with_one_newline_and_have_no_trailing_spaces(pages: dict[str, str]):
    for path, text in pages.items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert [line for line in text.split("\n") if line != line.rstrip()] == [], path
        assert "\n\n\n" not in text, path


def test_equal_registries_give_equal_bytes(pages: dict[str, str], registry: dict[str, Any]):
    assert emit_docs(Registry(registry), {"introduction": "# Welcome\n\n## First\n\nHello."}) == pages


def test_the_registry_is_left_as_it_was(registry: dict[str, Any]):
    before = json.dumps(registry)
    emit_docs(Registry(registry), {})
    assert json.dumps(registry) == before


def test_code_in_every_language_is_code(pages: dict[str, str], parse: Parse):
    lua = lua54.LuaRuntime()
    for path, text in pages.items():
        for token in parse(text):
            match token.info if token.type == "fence" else "":
                case "lua":
                    assert lua.compile(token.content), path
                case "python":
                    assert ast.parse(token.content), path
                case "json":
                    assert set(json.loads(token.content)) == {"tool", "arguments"}, path
                case "sh":
                    assert len(shlex.split(token.content)) == 4, path


def test_hostile_prose_is_said_and_not_obeyed(section: Section, said: Said, registry: dict[str, Any]):
    text = said(section("### add_book"))
    told = registry["api"]["summary"].replace("`co|de`", "co|de")
    # Summary, description after a literal "#", the parameter's row, and the example's title.
    assert text.count(told) == 4
    assert f"# {told}" in text
    assert "\x00" not in re.sub("\x00(link_open|link_close|strong_open|strong_close)\x00", "", text)


def test_a_guide_text_stands_in_its_guide_and_in_the_whole_reference(registry: dict[str, Any], parse: Parse):
    guide = {
        "introduction": "What it is.",
        "generic_helpers": "## By path\n\nOnly when needed.\n\n# Mind\n\nThis.",
        "accounts": "Whose key. Use `get_book`.",
        "errors": "# When it fails\n\n```sh\n# `get_book` as it is\n```",
    }
    pages = emit_docs(Registry(registry), guide)
    text = pages["reference/library-api.md"]
    headings = _headings(parse(text))
    assert "#### By path" in headings
    assert "### Mind" in headings
    assert "## When it fails" in headings
    assert "\n# `get_book` as it is\n" in text
    assert text.index("What it is.") < text.index("## How to call") < text.index("Whose key.")
    assert "[errors of every tool](#when-it-fails)" in text
    assert "What it is." in pages["reference/overview.md"]
    assert pages["reference/guides/errors.md"].startswith("# When it fails\n\n```sh\n")
    assert "Use [`get_book`](../tools/get_book.md)." in pages["reference/guides/accounts.md"]


def test_a_guide_text_of_another_name_is_a_guide_of_its_own(registry: dict[str, Any]):
    pages = emit_docs(Registry(registry), {"house_rules": "Be quiet, and read. And so on."})
    assert pages["reference/guides/house_rules.md"] == "# House rules\n\nBe quiet, and read. And so on.\n"
    assert "- [House rules](guides/house_rules.md): Be quiet, and read\n" in pages["reference/overview.md"]
    assert "- [House rules](reference/guides/house_rules.md): Be quiet, and read\n" in pages["llms.txt"]
    assert "## House rules\n\nBe quiet" in pages["reference/library-api.md"]


def test_a_slip_in_the_name_of_a_guide_text_is_a_problem(registry: dict[str, Any]):
    with pytest.raises(ValueError, match=r"'acounts' .*did you mean 'accounts'\?\).*introduction, generic_helpers"):
        emit_docs(Registry(registry), {"acounts": "x"})


def test_an_api_named_like_the_overview_is_a_problem(registry: dict[str, Any]):
    registry["api"]["slug"] = "overview"
    with pytest.raises(ValueError, match="the slug 'overview' and the overview"):
        emit_docs(Registry(registry), {})


def test_the_overview_lists_every_tool_under_its_group(pages: dict[str, str]):
    overview = pages["reference/overview.md"]
    assert overview.startswith("# The | Library \\#\n\nPipes")
    assert "### Books\n\n- [`list_books`](tools/list_books.md) (read): List books.\n" in overview
    assert "- [`remove_note`](tools/remove_note.md) (write, destroy): deprecated. Remove a note.\n" in overview


def test_the_index_leads_to_the_overview_and_not_to_the_whole(pages: dict[str, str], parse: Parse):
    links = re.findall(r"\]\(([^)]+)\)", pages["llms.txt"].partition("> Pipes")[2].partition("\n")[2])
    assert links[0] == "reference/overview.md"
    assert links.index("reference/library-api.md") > links.index("reference/guides/errors.md")


def test_an_api_without_groups_pages_types_or_waiters_has_a_reference_too(registry: dict[str, Any]):
    for key in ("pagination", "waiters", "types"):
        del registry[key]
    tool = {"class": "read", "full_name": "x", "method": "GET", "path": "/x", "parameters": {}, "group": "all"}
    registry["tools"] = {"ping": tool}
    registry["groups"] = {"all": {"title": "All", "tools": ["ping"]}}
    text = emit_docs(Registry(registry), {})["reference/library-api.md"]
    assert "No arguments." in text
    assert "There is nothing to wait for" in text
    assert "app.integrations.library.production.ping({})" in text


def test_types_whose_names_differ_in_case_only_have_their_own_headings_and_files(
    registry: dict[str, Any], parse: Parse
):
    registry["types"]["BOOK"] = {"type": "object", "properties": {"isbn": {"type": "string"}}}
    registry["tools"]["from"]["returns"]["schema"]["items"] = {"$ref": "#/types/BOOK"}
    pages = emit_docs(Registry(registry), {})
    assert "[BOOK](#type-book-1)" in pages["reference/library-api.md"]
    assert "type-book-1" in _anchors(parse(pages["reference/library-api.md"]))
    assert "[BOOK](../types/BOOK-2.md)" in pages["reference/tools/from.md"]
    assert pages["reference/types/BOOK-2.md"].startswith("# BOOK\n")
    assert _lost(pages, parse) == []


def test_a_guide_text_cannot_forge_a_link_to_a_part(registry: dict[str, Any]):
    pages = emit_docs(Registry(registry), {"errors": "[a](\x02type/Nothing) and \x02tool/get_book\x02"})
    assert "[a](\ufffdtype/Nothing)" in pages["reference/guides/errors.md"]


def test_a_type_named_like_a_device_of_windows_has_a_file_all_the_same(registry: dict[str, Any]):
    registry["types"]["Aux"] = {"type": "object"}
    assert "reference/types/Aux-2.md" in emit_docs(Registry(registry), {})


def test_a_type_that_is_one_of_several_says_how_to_tell_them_apart(registry: dict[str, Any]):
    registry["types"] |= {
        "Base": {"type": "object", "properties": {"kind": {"const": "paper"}}},
        "Paper": {"description": "On paper.\n\nHeavy.", "allOf": [{"$ref": "#/types/Base"}, {"type": "object"}]},
        "Audio": {"type": "object", "properties": {"kind": {"enum": ["audio"]}}},
        "Loose": {"type": "object"},
        "Medium": {"anyOf": [{"$ref": f"#/types/{name}"} for name in ("Paper", "Audio", "Loose")]},
    }
    assert emit_docs(Registry(registry), {})["reference/types/Medium.md"] == (
        "# Medium\n\nOne of these:\n\n"
        '- [Paper](Paper.md) (where `kind` is `"paper"`): On paper.\n'
        '- [Audio](Audio.md) (where `kind` is `"audio"`)\n'
        "- [Loose](Loose.md)\n"
    )


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (500, "[`tool_7`](tools/tool_7.md), "),
        (800, "`tool_7`, `tool_8`, "),
        (3_000, "### Books\n\n- 3000 tools; `lib-tools list` names them\n"),
    ],
)
def test_an_overview_of_very_many_tools_lists_names_alone(registry: dict[str, Any], count: int, line: str):
    names = [f"tool_{number}" for number in range(count)]
    registry["tools"] |= dict.fromkeys(names, registry["tools"]["get_book"])
    registry["groups"]["books"]["tools"] = names
    overview = emit_docs(Registry(registry), {})["reference/overview.md"]
    assert len(overview.encode()) < 24_000
    assert line in overview
