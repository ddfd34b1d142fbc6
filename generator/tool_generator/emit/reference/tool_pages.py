"""The page of a tool: an entry laid out, the example first.

Pages of tools and types are many, so Python joins their parts; pages with much fixed text are templates.

This module owns the order and the headings of a tool's page. It must not know what the parts say.
"""

from collections.abc import Iterable, Mapping

from tool_generator.emit.reference.functions import Example, Function


def joined(parts: Iterable[str]) -> str:
    """Return the parts that are not empty as Markdown blocks; the text ends with one newline."""
    return "\n\n".join(part for part in parts if part) + "\n"


def tool_page(item: Function, left_out: Mapping[str, str] | None = None) -> str:
    """Return the page of a tool. `left_out` names the files that hold its `examples` or its `arguments` instead."""
    elsewhere = left_out or {}
    parts = [
        f"# {item.name}",
        item.badges,
        item.summary,
        *(f"> {notice}" for notice in item.notices),
        item.prose,
        _lines(f"- {step}" for step in item.steps),
        "## Example",
        *_example(item.examples[0]),
        "## Arguments",
        _lines(item.arguments) or "No arguments.",
        " ".join(item.rules),
        f"Each argument in full: [arguments]({elsewhere['arguments']})." if "arguments" in elsewhere else "",
        "## Returns",
        _lines(item.returns),
        "## Errors",
        _lines(f"- {line}" for line in item.errors),
        "## Names",
        _lines(f"- {line}" for line in item.names),
    ]
    if "examples" in elsewhere:
        parts.append(f"More examples stand on [a page of their own]({elsewhere['examples']}).")
    elif len(item.examples) > 1:
        parts += ["## More examples", *_examples(item.examples[1:])]
    return joined(parts)


def examples_page(item: Function) -> str:
    """Return the page with the further examples of a tool."""
    return joined([f"# {item.name}: more examples", *_examples(item.examples[1:])])


def arguments_page(item: Function) -> str:
    """Return the page with all arguments of a tool."""
    return joined([f"# {item.name}: arguments", _lines(item.arguments), " ".join(item.rules)])


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _examples(examples: Iterable[Example]) -> list[str]:
    return [part for example in examples for part in _example(example)]


def _example(example: Example) -> list[str]:
    return [example.title, *(f"{one.fence}{one.language}\n{one.text}\n{one.fence}" for one in example.codes)]
