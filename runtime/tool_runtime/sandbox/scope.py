"""The names and operators that a declaration may use while one request is handled, or one record changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.values.templates import Operators, expand


@dataclass(slots=True)
class Scope:
    """Names and their values, and the operators that know the records (`operators.py`)."""

    names: dict[str, Any]
    operators: Operators = field(default_factory=dict)

    def inner(self, **names: Any) -> "Scope":
        """Return a scope with further names; what is named there does not show here."""
        return Scope({**self.names, **names}, self.operators)


def fill(template: Any, scope: Scope) -> Any:
    """Return the value that a template has in a scope, or `ABSENT`."""
    return expand(template, scope.names, scope.operators)


def fill_all(templates: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return the values of several templates by the same keys."""
    return {key: fill(template, scope) for key, template in templates.items()}
