"""The diagrams of the site: how the parts fit together, the life of a call, the outcomes of a write.

Each says the same in words, for readers who see no pictures. Names of errors and outcomes are those of the runtime.

This module knows what the pictures say. It must not know how they are drawn, and no page.
"""

from collections.abc import Iterable, Mapping

from tool_generator.emit.reference.markdown import code, inline
from tool_generator.emit.site.drawing import Box, Step, column, rows
from tool_generator.emit.site.site_content import Figure
from tool_runtime.core.registry import Registry

PARTS, LIFE, OUTCOMES = "parts", "life", "outcomes"


def diagrams(registry: Registry) -> Mapping[str, Figure]:
    """Return the diagrams of an API by name."""
    return {PARTS: _parts(registry), LIFE: _life(), OUTCOMES: _outcomes()}


def _parts(registry: Registry) -> Figure:
    api = registry.api
    layers = (
        (Box(f"The spec of {api.title}", ("YAML: tools and types",), "source"),),
        (Box("toolgen", ("checks, compiles, generates",)),),
        (
            Box("registry.json", (f"{len(registry.tools)} tools",), "source"),
            Box("Bindings", ("typed Python",), "source"),
            Box("Schemas", ("for models",), "source"),
            Box("This site", ("and llms.txt",), "source"),
        ),
        (
            Box("Python", ("Client",), "surface"),
            Box("Command line", (api.command,), "surface"),
            Box("Lua", ("scripts",), "surface"),
            Box("MCP", ("agents",), "surface"),
        ),
        (
            Box("The gate", ("policy, caps, confirmation",), "guard"),
            Box("The ledger", ("intent, then outcome",), "guard"),
        ),
        (Box(api.title, ("the API itself",), "world"), Box("The sandbox", ("no key, no cost",), "world")),
    )
    words = [
        "The spec lists every tool and type. `toolgen` checks the spec and generates everything else.",
        f"Generated: the registry of {len(registry.tools)} tools, typed bindings, schemas, this site.",
        "Four surfaces reach the tools: Python, the command line, Lua, MCP. Names, arguments and errors are the same.",
        "Every call passes the gate; writes are recorded in the ledger before they are sent, and after.",
        "A call ends at the API, or at the sandbox on this machine.",
    ]
    return Figure(rows("How the parts fit together", layers), "How the parts fit together", _numbered(words))


def _life() -> Figure:
    steps = (
        Step(Box("Resolve the name", ("any name of a tool",)), "unknown", Box("UnknownTool", ("not_sent",), "stop")),
        Step(
            Box("Bind the arguments", ("all faults at once",)), "faults", Box("InvalidArguments", ("not_sent",), "stop")
        ),
        Step(
            Box("The gate", ("policy, caps, confirmation",), "guard"),
            "no",
            Box("PolicyRefused, CapReached", ("not_sent",), "stop"),
        ),
        Step(
            Box("The ledger: intent", ("before anything is sent",), "guard"),
            "repeat",
            Box("Answered from the ledger", ("not sent a second time",), "good"),
        ),
        Step(
            Box("Send", ("repeated only where harmless",)),
            "answer lost",
            Box("OutcomeUnknown", ("find out with reconcile",), "doubt"),
        ),
        Step(Box("Read the reply", ("status, then JSON",)), "the API says no", Box("APIError", ("refused",), "stop")),
        Step(Box("The ledger: outcome", ("what became of the call",), "guard")),
        Step(Box("Result", ("JSON as the API sent it",), "good")),
    )
    return Figure(column("The life of a call", steps), "The life of a call", _numbered(map(_said, steps)))


def _outcomes() -> Figure:
    steps = (
        Step(
            Box("Did the request leave?", ("right arguments, gate passed",)),
            "no",
            Box("not_sent", ("mend what the message names",), "stop"),
        ),
        Step(
            Box("Did an answer come?", ("or proof that none was needed",)),
            "no",
            Box("unknown", ("find out first, never just repeat",), "doubt"),
        ),
        Step(
            Box("Did the API say yes?", ("a status of success",)),
            "no",
            Box("refused", ("read provider_message",), "stop"),
        ),
        Step(
            Box("Was the result handed over?", ("printed, written, returned",)),
            "no",
            Box("done", ("an error says so: do not repeat",), "doubt"),
        ),
        Step(Box("done", ("the result is there",), "good")),
    )
    return Figure(column("The outcomes of a write", steps), "The outcomes of a write", _numbered(map(_said, steps)))


def _said(step: Step) -> str:
    text = f"{inline(step.box.title)}: {inline(', '.join(step.box.lines))}."
    if step.out:
        text += f" If {step.word}: {code(step.out.title)}, {inline(', '.join(step.out.lines))}."
    return text.replace("?:", "?")


def _numbered(lines: Iterable[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
