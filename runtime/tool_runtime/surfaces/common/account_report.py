"""What is configured, and whether it works: the facts behind `status`, `doctor` and `accounts list`.

Owns which facts are shown, never a key among them, and what to do next. A configuration that cannot be read is one more
fact: every function here answers, whatever is broken, because a broken configuration is when people ask. Must not know:
the terminal, and how an answer is framed.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from tool_runtime.accounts.accounts_file import (
    POLICY_FIELDS,
    SettingsFile,
    project_files,
    read_user_file,
    user_file_path,
)
from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.environment import DEFAULT, wants_sandbox
from tool_runtime.accounts.stored_accounts import StoredAccounts, read_accounts
from tool_runtime.accounts.strictness import without_effect
from tool_runtime.core.account import EFFECTS, Policy
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.ledger import UNDER_WAY, UNKNOWN
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.errors import ToolError
from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client, agent_ledger

# Names by which APIs call the read that says whose key a key is.
_WHOAMI = ("whoami", "get_current_user", "current_user", "get_me", "me", "get_account", "get_workspace")
# Extra -> the module that says whether it is installed, and what it is for.
EXTRAS: Mapping[str, tuple[str, str]] = {
    "keyring": ("keyring", "keys in the system's keyring"),
    "lua": ("lupa", "Lua scripts"),
    "mcp": ("mcp", "the MCP server"),
    "sandbox": ("uvicorn", "the sandbox as a server"),
    "socks": ("socksio", "SOCKS proxies"),
}
_OK, _PROBLEM, _NOTE = "ok", "problem", "note"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `state` is `ok`, `note` (worth knowing) or `problem` (something does not work)."""

    name: str
    state: str
    message: str
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON."""
        return {"check": self.name, "state": self.state, "message": self.message, "hint": self.hint}


@dataclass(slots=True)
class Report:
    """What was found. `accounts` hold no key; `checks` are in the order in which somebody would mend things."""

    accounts: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    default: str = DEFAULT
    user_file: str | None = None
    project_files: list[str] = field(default_factory=list)
    read_only: bool = False
    sandbox: bool = False
    ledger: dict[str, Any] = field(default_factory=dict)
    stored: StoredAccounts | None = None

    @property
    def healthy(self) -> bool:
        """Whether nothing that was looked at is a problem."""
        return all(check.state != _PROBLEM for check in self.checks)

    def broken(self) -> ToolError:
        """Return the first problem as an error, for a command that cannot go on with a broken configuration."""
        from tool_runtime.errors import ConfigurationError

        first = next((check for check in self.checks if check.state == _PROBLEM), None)
        if first is None:
            return ConfigurationError("the configuration cannot be read")
        return ConfigurationError(first.message, hint=first.hint)

    def note(self, name: str, message: str) -> None:
        """Add a check that went well."""
        self.checks.append(Check(name, _OK, message))

    def remark(self, name: str, message: str, hint: str | None = None) -> None:
        """Add something that is worth knowing and is no problem."""
        self.checks.append(Check(name, _NOTE, message, hint))

    def failed(self, name: str, error: BaseException) -> None:
        """Add a check that found a problem."""
        known = as_tool_error(error)
        self.checks.append(Check(name, _PROBLEM, known.message, known.hint))


def report_on(registry: Registry, *, read_only: bool = False, sandbox: bool = False) -> Report:
    """Look at the configuration of this machine, project and environment. Raises nothing."""
    report = Report()
    _look_at_files(registry, report)
    try:
        stored = read_accounts(registry, os.environ, read_only=read_only)
    except ToolError as error:
        if not any(check.message == error.message for check in report.checks):
            report.failed("environment", error)
    else:
        report.stored, report.default, report.read_only = stored, stored.default, stored.read_only
        for name in stored.known or (stored.default,):
            report.accounts.append(_account(stored, name, report))
        if not stored.names:
            command = registry.api.command
            hint = f"Run {command} configure, or try the sandbox: {command} call --sandbox …"
            report.checks.append(Check("accounts", _PROBLEM, "no account has a key", hint))
    _look_at_sandbox(registry, report, sandbox=sandbox)
    _look_at_ledger(registry, report)
    return report


def _look_at_files(registry: Registry, report: Report) -> None:
    api = registry.api
    command = api.command or api.name
    try:
        path = user_file_path(command, api.environment, os.environ)
        report.user_file = str(path)
        settings = read_user_file(path)
    except ToolError as error:
        report.failed("accounts file", error)
    else:
        count = len(settings.accounts)
        state = f"{count} account{'' if count == 1 else 's'}" if settings.exists else "does not exist"
        report.note("accounts file", f"{path}: {state}")
    try:
        found = project_files(command)
    except ToolError as error:
        report.failed("project file", error)
        return
    for file in found:
        report.project_files.append(str(file.path))
        report.note("project file", f"{file.path} makes this project stricter: {_says(file)}")


def _says(file: SettingsFile) -> str:
    said = [f"{name} {value}" for name, value in {**file.policy, **file.caps}.items()]
    said += ["read only"] if file.read_only else []
    said += [f"reads go to {file.account}"] if file.account else []
    said += [f"settings of {', '.join(file.accounts)}"] if file.accounts else []
    return ", ".join(said) or "nothing"


def _account(stored: StoredAccounts, name: str, report: Report) -> dict[str, Any]:
    policy, caps = stored.policy(name), stored.caps(name)
    shown: dict[str, Any] = {
        "account": name,
        "default": name == stored.default,
        "enabled": True,
        "key": "missing",
        "key_place": None,
        "base_url": None,
        "base_url_place": None,
        "permissions": permissions(policy),
        "caps": caps_shown(caps),
    }
    try:
        found = stored.find(name)
    except ToolError as error:
        report.failed(f"account {name}", error)
        return shown
    state = "set" if found.key is not None else "missing" if found.key_problem is None else "unreadable"
    shown |= {
        "enabled": found.stored.enabled,
        "key": state,
        "key_place": found.key_place,
        "base_url": found.base_url,
        "base_url_place": found.base_url_place,
    }
    if found.key_problem is not None:
        report.failed(f"account {name}", found.key_problem)
    for file, rules in stored.project_rules(name, "policy"):
        idle = without_effect(policy, rules)
        if idle:
            message = f"{file.path}: {', '.join(idle)} changes nothing for {name}: a project can only be stricter"
            report.remark("project file", message)
    return shown


def permissions(policy: Policy) -> dict[str, str]:
    """Return each decision of a policy, written out: `Policy(write="ask")` -> `{"read": "allow", "dial": "ask", …}`."""
    return {name: getattr(policy, name) or policy.write for name in POLICY_FIELDS}


def caps_shown(caps: Caps | None) -> dict[str, Any]:
    """Return the caps that limit something: `Caps(dials_per_day=5)` -> `{"dials_per_day": 5}`."""
    if caps is None:
        return {}
    idle = Caps()
    known = {name: getattr(caps, name) for name in Caps.__dataclass_fields__}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in known.items()
        if value != getattr(idle, name)
    }


def _look_at_sandbox(registry: Registry, report: Report, *, sandbox: bool) -> None:
    try:
        report.sandbox = sandbox or wants_sandbox(registry, os.environ)
    except ToolError as error:
        report.failed("sandbox", error)
    if report.sandbox:
        report.remark("sandbox", "calls go to the sandbox, not to the API")


def _look_at_ledger(registry: Registry, report: Report) -> None:
    ledger = agent_ledger(registry)
    path = getattr(ledger, "path", None)
    report.ledger = {"path": None if path is None else str(path), "unknown": None, "under_way": None}
    try:
        # Looking makes no file: a machine that never wrote has nothing that is unknown.
        if path is not None and not path.exists():
            report.ledger |= {"unknown": 0, "under_way": 0}
            _check_folder(path)
        else:
            report.ledger |= {state: len(ledger.find(outcome=state)) for state in (UNKNOWN, UNDER_WAY)}
    except ToolError as error:
        report.failed("ledger", error)
        return
    finally:
        ledger.close()
    unknown = report.ledger["unknown"]
    if unknown:
        command = registry.api.command
        hint = f"{command} audit --outcome unknown lists them, {command} audit resolve ID finds out."
        said = f"{unknown} writes may have happened and nobody has found out"
        report.remark("ledger", said, hint)
    else:
        report.note("ledger", f"{path}: nothing is unknown")


def _check_folder(path: Any) -> None:
    """Raise where the ledger could not be made: a write would be refused."""
    from tool_runtime.errors import ConfigurationError

    existing = next((folder for folder in path.parents if folder.exists()), None)
    if existing is None or not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        message = f"the ledger {path} cannot be made: {existing} cannot be written, so every write is refused"
        raise ConfigurationError(message, hint="Make the folder writable, or set XDG_STATE_HOME.")


def extras() -> dict[str, bool]:
    """Return which optional parts are installed: `{"lua": True, "mcp": False, …}`."""
    return {name: find_spec(module) is not None for name, (module, _) in EXTRAS.items()}


def probe_tool(registry: Registry) -> Tool | None:
    """Return the read that shows whether a key works and whose it is; None where every read needs arguments.

    A tool by a name that APIs use for this goes first; else the read without required arguments that has the fewest
    parameters, those without pages first.
    """
    for name in _WHOAMI:
        try:
            tool = registry.resolve(name)
        except ToolError:
            continue
        if tool.is_read and not _required(tool):
            return tool
    reads = [tool for tool in registry.tools.values() if tool.is_read and not tool.deprecated and not _required(tool)]
    return min(reads, key=lambda tool: (tool.pagination is not None, len(tool.parameters)), default=None)


def _required(tool: Tool) -> bool:
    return any(parameter.required for parameter in tool.parameters.values()) or bool(tool.constraints)


def probe(registry: Registry, options: AgentOptions) -> dict[str, Any]:
    """Call the probe for an account, and return what the API said: `account`, `tool`, `base_url`, `identity`.

    Raises `ToolError`: `Unauthorized` for a key that the API does not know.
    """
    from tool_runtime.errors import UsageError

    tool = probe_tool(registry)
    if tool is None:
        message = "this API has no read without arguments, so a key can only be tried with a call"
        raise UsageError(message)
    with agent_client(registry, options, surface="cli") as client:
        result = client.call(tool.name)
        return {
            "account": client.account_name,
            "tool": tool.name,
            "works": True,
            "sandbox": client.sandbox is not None,
            "identity": _identity(result),
        }


def _identity(result: Any) -> dict[str, Any]:
    """Return the plain values of a record, which name whose key it is; of a list, how many rows it has."""
    if isinstance(result, Mapping):
        plain = {name: value for name, value in result.items() if isinstance(value, str | int | float | bool)}
        return dict(list(plain.items())[:20])
    return {"items": len(result)} if isinstance(result, list) else {}


def next_commands(registry: Registry, report: Report) -> list[str]:
    """Return what to run next, the most useful first."""
    command = registry.api.command
    commands: list[str] = []
    usable = report.stored.names if report.stored is not None else ()
    if report.stored is None:
        commands.append(f"{command} doctor")
    elif not usable:
        commands += [f"{command} configure", f"{command} demo"]
    else:
        missing = [one["account"] for one in report.accounts if one["key"] != "set" and one["enabled"]]
        commands += [f"{command} configure --account {shlex.quote(name)}" for name in missing[:1]]
        commands += [f"{command} doctor --online"]
        account = "" if len(usable) == 1 else f" --account {usable[0]}"
        tool = probe_tool(registry)
        commands += [f"{command} call{account} {tool.name}"] if tool else []
    if report.ledger.get("unknown"):
        commands.append(f"{command} audit --outcome unknown")
    commands.append(f"{command} list")
    return commands


def example_functions(registry: Registry, count: int = 5) -> list[str]:
    """Return a few tools that show what the API is for: the first ones of the spec with and without effects."""
    tools = list(registry.tools.values())
    first = [tool.name for tool in tools if tool.effects][:2] + [tool.name for tool in tools if tool.is_read][
        : count - 2
    ]
    return list(dict.fromkeys(first))


def fields_of_account(registry: Registry, stored: StoredAccounts | None, name: str) -> list[dict[str, Any]]:
    """Return what an account consists of: each field, whether it is secret or required, its variable, and its state."""
    prefix = registry.api.environment
    ending = "" if name == DEFAULT else f"__{name.upper().replace('-', '_')}"
    found = None
    if stored is not None:
        try:
            found = stored.find(name)
        except ToolError:
            found = None
    own = None if found is None else found.stored
    key_place = None if found is None or found.key is None else found.key_place
    rows: list[tuple[str, bool, bool, str | None, bool, str | None, str]] = [
        ("api_key", True, True, f"{prefix}_API_KEY{ending}", key_place is not None, key_place, "The key."),
        (
            "base_url",
            False,
            False,
            f"{prefix}_BASE_URL{ending}",
            found is not None and found.base_url_place is not None,
            None if found is None else found.base_url_place,
            f"Another root of the API than {registry.server.base_url}.",
        ),
        ("enabled", False, False, None, own is not None and not own.enabled, None, "false keeps every call back."),
    ]
    for field_name in POLICY_FIELDS:
        what = f"the effect {field_name}" if field_name in EFFECTS else f"every {field_name}"
        is_set = own is not None and field_name in own.policy
        rows.append((f"policy.{field_name}", False, False, None, is_set, None, f"allow, ask or deny for {what}."))
    for field_name in Caps.__dataclass_fields__:
        is_set = own is not None and field_name in own.caps
        rows.append((f"caps.{field_name}", False, False, None, is_set, None, _CAPS[field_name]))
    names = ("field", "secret", "required", "variable", "configured", "place", "meaning")
    return [dict(zip(names, row, strict=True)) for row in rows]


_CAPS: Mapping[str, str] = {
    "dials_per_minute": "Most phones that may ring within a minute.",
    "dials_per_day": "Most phones that may ring within a day.",
    "spends_per_day": "Most calls that cost money within a day.",
    "concurrent_dials": "Most dials under way at once.",
    "dial_seconds": "How long a dial counts as under way.",
    "allowed_prefixes": "Beginnings of the numbers that may be rung, such as +1415.",
    "blocked_numbers": "Numbers that are never rung.",
}
