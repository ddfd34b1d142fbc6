"""People find a tool by their own words, and no other kind of page stands in the way."""

from pathlib import Path

import pytest

import retell_ai
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.common.search import KEYWORD, NAME, Index, Text, text_of_guide

PACKAGE = Package(Path(retell_ai.__file__).parent)
PHRASES = [
    tuple(line.split("\t")) for line in Path(__file__).with_name("phrases.tsv").read_text(encoding="utf-8").splitlines()
]


def found(words, count=3):
    return [page.name for page in PACKAGE.search(words, count)]


def test_nearly_every_phrase_finds_its_page_among_the_first_three():
    known = {page.name for page in PACKAGE.pages}
    asked = [(words, page) for words, page in PHRASES if page in known]
    missed = [words for words, page in asked if page not in found(words)]
    assert len(missed) <= len(asked) * 0.05, missed


def test_every_tool_is_the_first_for_its_own_name():
    names = list(PACKAGE.registry)
    assert [name for name in names if found(name.replace("_", " "), 1) != [name]] == []


def test_every_tool_is_found_by_each_of_its_keywords():
    tools = PACKAGE.registry.tools
    missed = [(name, word) for name, tool in tools.items() for word in tool.keywords if name not in found(word, 5)]
    assert missed == []


@pytest.mark.parametrize(
    ("words", "name"),
    [("recrding url", "get_call"), ("trascript of a call", "get_call"), ("knowlege base", "get_knowledge_base")],
)
def test_a_slip_of_the_pen_finds_the_same(words, name):
    assert name in found(words, 5)


def test_words_that_nothing_holds_find_nothing():
    assert found("zzzqqqxxy") == []
    assert found("") == []


def test_a_word_that_every_page_has_decides_nothing():
    index = Index([Text("red", ((NAME, "make paint red"),)), Text("blue", ((NAME, "make paint blue"),))])
    assert index.find("paint blue", 2)[0] == "blue"


def test_words_of_one_meaning_stand_for_each_other():
    index = Index([Text("delete_book", ((NAME, "delete_book"),)), Text("get_book", ((NAME, "get_book"),))])
    assert index.find("remove a book", 1) == ["delete_book"]
    assert index.find("show me a book", 1) == ["get_book"]


def test_a_word_written_as_one_finds_both_halves():
    index = Index([Text("bot", ((KEYWORD, "create a chat bot"),)), Text("other", ((KEYWORD, "create a number"),))])
    assert index.find("chatbot", 1) == ["bot"]


def test_a_deed_goes_before_a_type_of_the_same_words():
    assert found("hang up", 1) == ["stop_call"]
    assert found("HangUp", 1) == ["HangUp"]


def test_a_guide_that_speaks_of_everything_does_not_hide_the_tool_that_does_it():
    guide = text_of_guide("guide", "all", "# All\n\nBuy apples and pears, peel apples, eat apples and plums.")
    tool = Text("eat_fruit", ((NAME, "eat_fruit"), (KEYWORD, "have plums")), "Eat one kind.")
    others = [Text(f"other_{word}", ((NAME, f"make {word}"),)) for word in ("red", "blue", "green", "white")]
    assert Index([guide, tool, *others]).find("peel some plums please", 1) == ["eat_fruit"]


def test_guides_and_types_are_found_too():
    assert "webhooks" in found("verify the signature of a webhook")
    assert "errors" in found("errors")
    assert "AgentSettings" in found("AgentSettings")
