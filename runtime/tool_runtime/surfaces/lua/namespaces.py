"""Namespaces: what a script can call, as a tree of names and a way to call each of them.

A namespace is the seam between scripts and whatever answers them: it says its names (`node`), prepares a call from a
name and arguments (`prepare`), and words the refusal of a name that it does not have (`missing`). Owns the namespace of
the tools of one API, with its accounts, pages and waiters, and the namespace of its documentation. Must not know:
processes, Lua, journals.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from tool_runtime.core.flow import Done
from tool_runtime.core.gate import all_effects
from tool_runtime.core.tools import Tool
from tool_runtime.errors import Fault, InvalidArguments, UnknownTool
from tool_runtime.surfaces.lua.empty_tables import arguments_with_lists
from tool_runtime.values.secrets import mask
from tool_runtime.values.suggestions import nearest

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client

EXAMPLE_ACCOUNTS = ("production", "work")
"""Accounts that examples name. The sandbox has every account, and scripts on it reach these without any set-up."""

Node = Mapping[str, Any]
"""A node of the tree: `f` lists functions, `n` maps names to nodes, `s` lists names of nodes with the same functions
(accounts), and `k` is `rows` where each function gives the pages of a list. With `o`, any name is a function, which
the host resolves when it is called."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One call, ready to be made.

    `run` gets the ledger id that a write shall have (None: any) and the idempotency key of an earlier attempt, makes
    the call and returns its JSON in a `Done`. `stored` is the result as it may be kept on disk. `journaled` is False
    for what answers the same every time. `is_recorded`: `run` writes a write to the ledger under the given id before
    anything is sent, so an id that the ledger does not have was never sent. `rehearse` checks a write and returns what
    would be sent, and a sample answer.
    """

    run: Callable[[str | None, str | None], Done]
    tool: str | None = None
    tool_class: str | None = None
    effects: tuple[str, ...] = ()
    account: str | None = None
    journaled: bool = True
    is_recorded: bool = False
    stored: Callable[[Any], Any] = field(default=lambda value: value)
    rehearse: Callable[[], tuple[Mapping[str, Any], Any]] | None = None

    @property
    def is_write(self) -> bool:
        """Whether the call changes something."""
        return self.tool_class == "write"


class Namespace(Protocol):
    """Something that scripts call. `path` is where it stands, such as `app.integrations.library`.

    One that passes a gate of its own has `asking(confirm)` besides, which returns the namespace for one run, whose
    questions go to that run's `confirm`.
    """

    path: str

    def node(self) -> Node:
        """Return the tree of names."""

    def prepare(self, member: str, arguments: Any) -> Prepared:
        """Prepare a call of a member (`production.list_books`), with an object or a list of values by position.

        Raises `ToolError`.
        """

    def missing(self, member: str) -> str:
        """Say that there is no such member, with the nearest one: `there is no x; did you mean y?`."""


class ToolNamespace:
    """The tools of one API, for every account: `NAME.tool`, `ACCOUNT.tool`, `iter.tool` and `wait.waiter`.

    `remaining` gives the seconds that a wait may take at most. An account named like a tool, or like `iter` and `wait`,
    is reached by no name here. Behind the arguments, a second table may say `again` or `idempotency_key`.
    """

    def __init__(self, client: "Client", remaining: Callable[[], float] | None = None) -> None:
        self._client = client
        self._remaining = remaining
        self._registry = client.registry
        self.path = f"app.integrations.{client.registry.api.name}"
        self._clients: dict[str, Client] = {}

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(self._registry.spellings)

    @cached_property
    def _paged(self) -> dict[str, str]:
        return {spelling: name for spelling, name in self._names.items() if name in self._registry.paged}

    @cached_property
    def _accounts(self) -> list[str]:
        taken = {*self._names, "iter", "wait"}
        names = ["default", self._client.account_name, *self._client.accounts]
        if self._client.sandbox is not None:
            names += EXAMPLE_ACCOUNTS
        return [name for name in dict.fromkeys(names) if name not in taken]

    def node(self) -> Node:
        """Return the tree: every tool by every name."""
        return {
            "f": list(self._names),
            "s": self._accounts,
            "n": {
                "iter": {"f": list(self._paged), "k": "rows"},
                "wait": {"f": list(self._registry.waiters)},
            },
        }

    def prepare(self, member: str, arguments: Any) -> Prepared:
        """Prepare a call; see `Namespace`."""
        *kinds, name = member.split(".")
        client = self._client
        if kinds and kinds[0] in self._accounts:
            client = self._client_of(kinds.pop(0))
        match kinds:
            case [] if name in self._names:
                return self._tool_call(client, self._registry.tools[self._names[name]], arguments)
            case ["iter"] if name in self._paged:
                return self._page(client, self._registry.tools[self._paged[name]], arguments)
            case ["wait"] if name in self._registry.waiters:
                return self._wait(client, name, arguments)
        raise UnknownTool(self.missing(member))

    def missing(self, member: str) -> str:
        """Say that there is no such member; see `Namespace`."""
        *kinds, name = member.split(".")
        kind = kinds[-1] if kinds else ""
        known = {"iter": [*self._paged], "wait": [*self._registry.waiters]}.get(kind)
        if known is None:
            known = [*self._names, *([] if kinds else self._accounts), "iter", "wait"]
        where = ".".join([self.path, *kinds])
        near = nearest(name, known)
        return f"{where} has no {name[:100]!r}" + (f"; did you mean {where}.{near}?" if near else "")

    def tool_of(self, member: str) -> Tool | None:
        """Return the tool that a call of a member sends; for a waiter, the read that is repeated."""
        *kinds, name = member.split(".")
        if kinds[-1:] == ["wait"]:
            waiter = self._registry.waiters.get(name)
            return None if waiter is None else self._registry.resolve(waiter.tool)
        return self._registry.tools.get(self._names.get(name, ""))

    def _client_of(self, account: str) -> "Client":
        if account == "default" and self._client.account_name == "default":
            return self._client
        if account not in self._clients:
            self._clients[account] = self._client.account(account)
        return self._clients[account]

    def _tool_call(self, client: "Client", tool: Tool, arguments: Any) -> Prepared:
        chosen: dict[str, Any] = {}
        if isinstance(arguments, list) and has_options(arguments):
            arguments, chosen = arguments
        given = self._given(tool, arguments)

        def run(record: str | None, key: str | None) -> Done:
            options: Any = chosen if key is None else chosen | {"idempotency_key": key}
            return client.invoke(tool.name, given, request_options=options or None, record=record)

        def rehearse() -> tuple[Mapping[str, Any], Any]:
            from tool_runtime.sandbox.samples import Schemas

            shown = client.preview(tool.name, given, request_options=chosen or None)  # type: ignore[arg-type]
            schema = tool.returns.schema
            return shown, None if schema is None else Schemas(self._registry).sample(schema, tool.name)

        return replace(self._prepared(client, tool, run), rehearse=rehearse)

    def _page(self, client: "Client", tool: Tool, arguments: Any) -> Prepared:
        given = self._given(tool, arguments)

        def run(_record: str | None, _key: str | None) -> Done:
            rows, following = client.page(tool.name, given)
            # As text: on its way through Lua, a field that is null would be lost.
            return Done({"rows": rows} if following is None else {"rows": rows, "next": json.dumps(following)})

        return self._prepared(client, tool, run)

    def _wait(self, client: "Client", waiter: str, arguments: Any) -> Prepared:
        tool = self._registry.resolve(self._registry.waiters[waiter].tool)
        given = dict(self._given(tool, arguments, extra=("timeout", "interval")))
        times = {name: given.pop(name) for name in ("timeout", "interval") if name in given}

        def run(_record: str | None, _key: str | None) -> Done:
            patience = times.get("timeout", self._registry.waiters[waiter].timeout)
            if self._remaining is not None and isinstance(patience, int | float):
                times["timeout"] = min(patience, max(0.001, self._remaining()))
            return Done(client.wait_for(waiter, given, **times))

        return self._prepared(client, tool, run)

    def _prepared(self, client: "Client", tool: Tool, run: Callable[[str | None, str | None], Done]) -> Prepared:
        types = self._registry.types

        def stored(value: Any) -> Any:
            return mask(value, tool.returns.schema or {}, types)

        effects = all_effects(tool, self._registry)
        return Prepared(run, tool.name, tool.tool_class, effects, client.account_name, is_recorded=True, stored=stored)

    def _given(self, tool: Tool, arguments: Any, extra: Sequence[str] = ()) -> dict[str, Any]:
        """Return arguments by name: values by position get the names of the reference's order."""
        if isinstance(arguments, list):
            names = list(tool.parameters)
            if len(arguments) > len(names):
                takes = f"takes {len(names)} values ({', '.join(names)})" if names else "takes no arguments"
                fault = Fault("arguments", "type", f"{tool.name} {takes}, not {len(arguments)}")
                raise InvalidArguments(str(fault), tool=tool.name, faults=(fault,))
            arguments = {name: value for name, value in zip(names, arguments, strict=False) if value is not None}
        kept = {name: arguments[name] for name in extra if name in arguments}
        return arguments_with_lists(tool, arguments, self._registry.types) | kept


class DocsNamespace:
    """`docs.list()`, `docs.search(words)` and `docs.read(page)`: the pages of the generated package."""

    path = "docs"

    def __init__(self, package: Any) -> None:
        """Take a `Package`, or whatever has its `api`, `pages`, `search` and `page`."""
        self._package = package

    def node(self) -> Node:
        """Return the three functions."""
        return {"f": ["list", "search", "read"]}

    def prepare(self, member: str, arguments: Any) -> Prepared:
        """Prepare a call; see `Namespace`."""
        functions: dict[str, tuple[Callable[..., Any], str | None]] = {
            "list": (self._list, None),
            "search": (self._search, "words"),
            "read": (self._read, "page"),
        }
        if member not in functions:
            raise UnknownTool(self.missing(member))
        function, parameter = functions[member]
        values = _by_position(f"docs.{member}", arguments, parameter)
        return Prepared(lambda _record, _key: Done(function(*values)), journaled=False)

    def missing(self, member: str) -> str:
        """Say that there is no such function; see `Namespace`."""
        near = nearest(member, ["list", "search", "read"])
        return f"docs has no {member[:100]!r}" + (f"; did you mean docs.{near}?" if near else "")

    def _list(self) -> Any:
        return [{"page": page.name, "summary": page.summary} for page in self._package.pages]

    def _search(self, words: str) -> Any:
        return [{"page": page.name, "summary": page.summary} for page in self._package.search(words)]

    def _read(self, page: str) -> Any:
        return self._package.page(page.removeprefix("app.")).read()


def has_options(arguments: list[Any]) -> bool:
    """Whether the second of two values says how to call: `[{…}, {"again": True}]`. The first is a table, or unknown."""
    return (
        len(arguments) == 2  # noqa: PLR2004 - arguments and options
        and not isinstance(arguments[0], str | int | float | list | None)
        and isinstance(arguments[1], Mapping)
        and bool(arguments[1])
        and set(arguments[1]) <= {"again", "idempotency_key"}
    )


def _by_position(name: str, arguments: Any, parameter: str | None) -> list[Any]:
    values = arguments
    if isinstance(arguments, Mapping):
        values = [arguments[parameter]] if parameter and list(arguments) == [parameter] else list(arguments.values())
    wanted = [] if parameter is None else [parameter]
    if len(values) != len(wanted) or not all(isinstance(value, str) for value in values):
        takes = f"takes one text, {name}({parameter})" if parameter else "takes nothing"
        fault = Fault(parameter or "arguments", "type", takes)
        raise InvalidArguments(f"{name}: {fault}", faults=(fault,))
    return list(values)
