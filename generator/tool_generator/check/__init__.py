"""All checks of a spec beyond its grammar. `toolgen validate` and every generation run the same.

    types.py             types and their references
    names.py             names of tools, arguments and classes, and what they become in Python
    tool_checks.py       one tool by itself: path, places, class, effects, lifecycle
    reference_checks.py  everything that names something else: steps, waiters, pagination, reconcile, templates
    first_law.py         what a spec must never order: blind repeats, hidden writes, calls that go elsewhere
    webhook_checks.py    the signature of deliveries, and the events
    prompt_checks.py     prompts: their arguments, and the tools that they name
    sync_kinds.py        records that people keep as files
    sandbox_checks.py    resources of the sandbox, and steps of the demo
    sandbox_scopes.py    what templates of the sandbox name
    sandbox_values.py    whether records and answers of the sandbox fit their types
    template_checks.py   references of JSON templates
    destinations.py      which headers, queries and paths a spec may name
    example_checks.py    values: examples and defaults against the schemas
    finished.py          what people have left to do; only `toolgen validate --strict` runs these checks

Every check looks at all entries and reports every problem. The checks stop early in two cases only: a file could not be
read, or types or shapes are nested in each other so deeply that no check could follow them. An entry that the grammar
refused is known by its name, and its content is not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_generator.check.example_checks import check_examples
from tool_generator.check.first_law import check_first_law
from tool_generator.check.names import check_names
from tool_generator.check.prompt_checks import check_prompts
from tool_generator.check.reference_checks import check_references
from tool_generator.check.sandbox_checks import check_sandbox
from tool_generator.check.sandbox_values import check_sandbox_values
from tool_generator.check.sync_kinds import check_sync_kinds
from tool_generator.check.tool_checks import check_api, check_tool
from tool_generator.check.types import check_made_of, check_shapes, check_types, check_unused
from tool_generator.check.webhook_checks import check_webhooks
from tool_generator.compile.parameters import expand

if TYPE_CHECKING:
    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Spec
    from tool_generator.problems import Report


def lint(spec: Spec, report: Report) -> dict[str, dict[str, Parameter]]:
    """Check the whole spec into `report`. Gives the expanded parameters of every tool that could be read."""
    if not spec.whole or not check_made_of(spec, report):
        return {}
    check_types(spec, report)
    if not check_shapes(spec, report):
        return {}
    types = spec.schemas()
    parameters = {name: expand(tool, spec, types, report) for name, tool in spec.tools.items() if tool.whole}
    check_api(spec, report)
    check_names(spec, parameters, report)
    for name, known in parameters.items():
        check_tool(spec.tools[name], known, report)
    check_references(spec, parameters, types, report)
    check_first_law(spec, parameters, types, report)
    check_prompts(spec, report)
    check_sync_kinds(spec, parameters, types, report)
    check_webhooks(spec, types, report)
    check_sandbox(spec, report)
    check_sandbox_values(spec, parameters, types, report)
    check_examples(spec, parameters, types, report)
    check_unused(spec, parameters, report)
    return parameters
