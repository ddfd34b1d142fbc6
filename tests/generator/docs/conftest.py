"""A registry by hand with everything that the reference has to show, and readers of what it says."""

from collections.abc import Callable
from copy import deepcopy
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
def section(pages: dict[str, str]) -> Callable[[str], str]:
    """Return a part of the reference by its heading, up to the next one of its level or a higher one."""

    def find(heading: str) -> str:
        text = pages["reference/library-api.md"]
        level = heading.split(" ", maxsplit=1)[0]
        assert f"\n{heading}\n" in text, heading
        rest = text.partition(f"\n{heading}\n")[2]
        kept: list[str] = []
        for line in rest.split("\n"):
            if line.startswith("#") and line.split(" ")[0] in {level[:count] for count in range(1, len(level) + 1)}:
                break
            kept.append(line)
        return "\n".join(kept)

    return find


@pytest.fixture(scope="session")
def parse() -> Callable[[str], list[Token]]:
    """Return a CommonMark parser with the tables and strike-through of GFM, HTML allowed."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return lambda markdown: list(parser.parse(markdown))


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
