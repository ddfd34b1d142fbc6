"""A namespace of test tools for Lua scripts: they answer at once, without an API."""

from collections.abc import Callable
from typing import Any

from tool_runtime.core.flow import Done
from tool_runtime.surfaces.lua.namespaces import Prepared


class Answers:
    """A namespace whose tools answer at once: `echo`, `fail`, `big`; or a function of the test for each name."""

    def __init__(self, path: str = "app.integrations.retell_ai", **functions: Callable[[Any], Any]) -> None:
        self.path = path
        self.functions = {"echo": lambda given: given, "fail": _fail, "big": _big} | functions

    def node(self) -> dict[str, Any]:
        return {"f": list(self.functions), "s": ["default", "production"]}

    def prepare(self, member: str, arguments: Any) -> Prepared:
        function = self.functions[member.rsplit(".", maxsplit=1)[-1]]
        return Prepared(lambda _record, _key: Done(function(arguments)), member, "read")

    def missing(self, member: str) -> str:
        return f"{self.path} has no {member!r}"


def _fail(_given: Any) -> Any:
    raise RuntimeError("no way")


def _big(given: Any) -> Any:
    return "x" * given["n"]
