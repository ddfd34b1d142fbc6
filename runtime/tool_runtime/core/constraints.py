"""Constraints: rules over several arguments, judged in one place for callers, the sandbox, the lint and the docs."""

from collections.abc import Collection, Iterable, Iterator

from tool_runtime.core.tools import Constraint
from tool_runtime.errors import Fault


def unmet(constraints: Iterable[Constraint], given: Collection[str]) -> Iterator[Fault]:
    """Yield a fault for each constraint that the given names do not meet.

    Example: `exactly_one` of `a` and `b` with `{"a", "b"}` given is `a and b: exclude each other`.
    """
    for constraint in constraints:
        rule, names = constraint.rule, constraint.names
        present = [name for name in names if name in given]
        if rule in {"exactly_one", "at_least_one"} and not present:
            yield Fault(" or ".join(names), "missing", "one of them is required")
        elif rule == "together" and present and len(present) < len(names):
            missing = " and ".join(name for name in names if name not in present)
            yield Fault(missing, "missing", f"is required with {' and '.join(present)}")
        elif rule in {"exactly_one", "at_most_one"} and len(present) > 1:
            yield Fault(" and ".join(present), "conflict", "exclude each other")
