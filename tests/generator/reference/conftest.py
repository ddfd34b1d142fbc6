"""A registry by hand with everything that the reference has to show, and readers of what it says."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tool_generator.emit.reference import emit_docs
from tool_runtime.core.registry import Registry

REGISTRY: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("registry.yaml").read_text("utf-8"))


@pytest.fixture
def registry() -> dict[str, Any]:
    return deepcopy(REGISTRY)


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    return emit_docs(Registry(REGISTRY), {"introduction": "# Welcome\n\n## First\n\nHello."})


@pytest.fixture(scope="session")
def reference(pages: dict[str, str]) -> str:
    return pages["reference/library-api.md"]


@pytest.fixture(scope="session")
def section(reference: str) -> Callable[[str], str]:
    """Return a part of the whole reference by its heading, up to the next one of its level or a higher one."""

    def find(heading: str) -> str:
        level = heading.split(" ", maxsplit=1)[0]
        assert f"\n{heading}\n" in reference, heading
        rest = reference.partition(f"\n{heading}\n")[2]
        kept: list[str] = []
        fenced = False
        for line in rest.split("\n"):
            fenced = fenced != line.startswith("```")
            if not fenced and line.startswith("#") and len(line.split(" ")[0]) <= len(level):
                break
            kept.append(line)
        return "\n".join(kept)

    return find


@pytest.fixture(scope="session")
def tool(pages: dict[str, str]) -> Callable[[str], str]:
    """Return the page of a tool."""
    return lambda name: pages[f"reference/tools/{name}.md"]


@pytest.fixture(scope="session")
def guide(pages: dict[str, str]) -> Callable[[str], str]:
    """Return the page of a guide."""
    return lambda name: pages[f"reference/guides/{name}.md"]


@pytest.fixture(scope="session")
def parse() -> Callable[[str], list[Token]]:
    """Return a CommonMark parser with the tables and strike-through of GFM, HTML allowed."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # The pages of a whole API are large, and several tests read the same ones.
    return cache(lambda markdown: list(parser.parse(markdown)))


@pytest.fixture(scope="session")
def said(parse: Callable[[str], list[Token]]) -> Callable[[str], str]:
    """Return what a reader of rendered Markdown sees; markup other than code and breaks shows as NUL."""
    return lambda markdown: "\n".join(shown(token) for token in parse(markdown) if token.type == "inline")


def shown(token: Token) -> str:
    return "".join(map(_shown, token.children or []))


def _shown(child: Token) -> str:
    if child.type in {"text", "code_inline"}:
        return child.content
    breaks = child.type in {"softbreak", "hardbreak"} or child.content == "<br>"
    return "\n" if breaks else f"\x00{child.type}\x00"
