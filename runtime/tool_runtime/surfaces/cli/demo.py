"""The demo that a registry declares: reads the demo, and runs it on the sandbox.

A step has one of `tool` (call it), `wait` (a waiter), `list` (every item of a paged tool) or `show_tool` (the form of
a tool on each surface). `arguments` are templates over the results that earlier steps saved: `$agent.agent_id`. The
demo also declares which part of a result is shown (`show`, `table`). The demo runs on a fresh sandbox, whatever the
environment says: people run the demo before they have read anything, so it must not cost money.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.core.registry import Registry
from tool_runtime.errors import SpecError
from tool_runtime.values.templates import expand

KINDS = ("tool", "wait", "list", "show_tool")


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `target` is the tool or waiter of its `kind`; `save` names the result for later steps."""

    title: str
    kind: str
    target: str
    explain: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    save: str | None = None
    show: tuple[str, ...] = ()
    table: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demo:
    """The whole demo, as declared."""

    title: str
    explain: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that was run: the arguments of the call, and the result."""

    step: Step
    tool: str
    arguments: Mapping[str, Any]
    result: Any = None


def read_demo(registry: Registry) -> Demo:
    """Return the demo of a registry.

    Raises:
        SpecError: the registry declares no demo, or one that cannot be run.
    """
    entry = registry.document.get("demo")
    if not entry:
        message = f"{registry.api.title} declares no demo"
        raise SpecError(message)
    steps = tuple(_read_step(number, step) for number, step in enumerate(entry["steps"], start=1))
    return Demo(entry["title"], entry.get("explain", ""), steps)


def run_demo(registry: Registry, demo: Demo) -> Iterator[Outcome]:
    """Run the demo on a new sandbox, one step at a time."""
    from tool_runtime.sandbox import Sandbox
    from tool_runtime.surfaces.common.client import Client

    scope: dict[str, Any] = {}
    with Client(registry=registry, sandbox=Sandbox(registry)) as client:
        for step in demo.steps:
            arguments = expand(step.arguments, scope)
            if step.kind == "wait":
                tool = str(registry.waiter(step.target).tool)
                result = client.wait_for(step.target, arguments)
            else:
                tool = registry.resolve(step.target).name
                if step.kind == "tool":
                    result = client.call(tool, arguments)
                elif step.kind == "list":
                    result = [row for rows in client.pages(tool, arguments) for row in rows]
                else:
                    result = None
            if step.save:
                scope[step.save] = result
            yield Outcome(step, tool, arguments, result)


def _read_step(number: int, entry: Mapping[str, Any]) -> Step:
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        message = f"step {number} of the demo needs exactly one of {', '.join(KINDS)}"
        raise SpecError(message)
    return Step(
        title=entry["title"],
        kind=kinds[0],
        target=entry[kinds[0]],
        explain=entry.get("explain", ""),
        arguments=entry.get("arguments", {}),
        save=entry.get("save"),
        show=tuple(entry.get("show", ())),
        table=tuple(entry.get("table", ())),
    )
