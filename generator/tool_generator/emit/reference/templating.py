"""Templates: how they are read, and what every rendered text has in common.

Templates loop, choose and include: Python makes every text that they show.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2

from tool_generator.emit.compiled_templates import CompiledTemplates

_SHARED = Path(__file__).with_name("templates")


def rendered(template: str, **values: object) -> str:
    """Return a rendered template as Markdown without trailing spaces that ends with one newline."""
    return rendered_from(_SHARED, template, values)


def rendered_from(folder: Path, template: str, values: Mapping[str, object]) -> str:
    """Return a rendered template of another folder, which finds the macros of the shared one."""
    return _tidy(_environment(folder).get_template(template).render(**values))


@cache
def _environment(folder: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _SHARED]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (Markdown, whose own escaper is markdown.py)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=CompiledTemplates(),
    )


def _tidy(text: str) -> str:
    """Strip trailing spaces, and leave at most one blank line in a row, except in fenced code."""
    lines: list[str] = []
    closing = ""
    for raw in text.split("\n"):
        line = raw.rstrip(" \t")
        if line.startswith("```"):
            ticks = line[: len(line) - len(line.lstrip("`"))]
            if not closing:
                closing = ticks
            elif line == ticks and len(ticks) >= len(closing):
                closing = ""
        if line or closing or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"
