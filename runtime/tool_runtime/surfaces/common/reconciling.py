"""Finding out what became of a write whose outcome is unknown.

Owns how a reconcile recipe is run and what its answer proves. Must not know: the terminal, files.

A recipe is a read with arguments. What its answer proves on its own is little, so only one finding is recorded without
a person: **it happened**. That is so where exactly one row (of a list that begins when the write was sent), or the
record itself, agrees with every plain argument of the write, and no other entry of the ledger claims that row. That
somebody finds nothing never proves that nothing happened: lists lag behind, and batches start later. So "it did not
happen" is said by a person (`as_outcome`), never by this module. To record a call as done that was not done costs
somebody a look; the other mistake rings a stranger's phone twice.

Without a recipe, and for calls on a sandbox that ended with its process, only a person can say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.core.ledger import UNDER_WAY, UNKNOWN, AnyLedger, Entry
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import PageStyle
from tool_runtime.errors import InvalidArguments, OutcomeUnknown, ToolError
from tool_runtime.values.secrets import MASK

# Rows that are shown of a long answer.
ROWS_SHOWN: Final = 10
ON_SANDBOX: Final = " on the sandbox"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a recipe brought to light.

    `outcome` is `done` where the answer proves that, else None. `rows` are what the read answered (at most ten),
    `matching` those that agree with the write's arguments. `ids` name the one that proves it. `error` is why the
    recipe could not be run. `advice` is the recipe's note.
    """

    outcome: str | None
    said: str
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    advice: str | None = None
    rows: Sequence[Any] = ()
    matching: int = 0
    ids: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else dict(value) if isinstance(value, Mapping) else value


def entry_of(ledger: AnyLedger, entry_id: str) -> Entry:
    """Return the entry of an id or of the beginning of one. Raises `InvalidArguments` for none and for several."""
    exact = ledger.get(entry_id)
    if exact is not None:
        return exact
    found = [entry for entry in ledger.find() if entry_id and entry.intent.id.startswith(entry_id)]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"the id {entry_id!r} begins {len(found)} entries; write more of it"
        raise InvalidArguments(message)
    message = f"the ledger holds no entry {entry_id[:80]!r}"
    raise InvalidArguments(message, hint="audit --outcome unknown lists the ids.")


def account_of(entry: Entry) -> str | None:
    """Return the account that an entry's recipe is read with; None for a call on a sandbox."""
    account = entry.intent.account
    return None if account.endswith(ON_SANDBOX) else account


def find_out(client: Any, ledger: AnyLedger, registry: Registry, entry: Entry) -> Finding:
    """Run the recipe of an entry with a client of its account, and say what the answer proves.

    Sends a read and nothing else. Raises nothing of the tree: a read that fails is a finding.
    """
    recipe = entry.intent.reconcile
    if not recipe:
        said = f"{entry.intent.tool} has no recipe: look at the API's own records"
        return Finding(None, said)
    known: dict[str, Any] = {
        "tool": recipe["tool"],
        "arguments": recipe.get("arguments") or {},
        "advice": recipe.get("note"),
    }
    if MASK in _texts(known["arguments"]):
        return Finding(None, "the recipe needs a secret that the ledger does not keep", **known)
    try:
        tool = registry.resolve(recipe["tool"])
        if not tool.is_read:
            return Finding(None, f"the recipe calls {tool.name}, which is no read", **known)
        answer = client.call(tool.name, known["arguments"])
    except ToolError as error:
        missing = getattr(error, "status", None) in {404, 410}
        if missing and "destroy" in entry.intent.effects:
            return Finding("done", f"{known['tool']} finds no such record, so it is gone", **known)
        return Finding(None, f"{known['tool']} failed: {error.message}", error=error.to_dict(), **known)
    rows = _rows(answer, registry.page_style(tool))
    if rows is None:
        return _judged_record(entry, answer, known)
    return _judged_rows(ledger, entry, rows, known)


def _rows(answer: Any, style: PageStyle | None) -> list[Any] | None:
    """Return the rows of a list; None for a single record."""
    if isinstance(answer, list):
        return answer
    rows = answer.get(style.items) if style is not None and isinstance(answer, Mapping) else None
    return rows if isinstance(rows, list) else None


def _judged_record(entry: Entry, record: Any, known: Mapping[str, Any]) -> Finding:
    rows = [record]
    agrees, differs = _compared(entry, record)
    # What names the record proves nothing: it was asked for by that name.
    proving = [name for name in agrees if name not in known["arguments"]]
    if proving and not differs:
        said = f"{known['tool']} shows {', '.join(proving)} as the write gave it"
        return Finding("done", said, rows=rows, matching=1, **known)
    shown = f"{', '.join(differs)} differ" if differs else "nothing in it shows the write"
    return Finding(None, f"{known['tool']} answered, and {shown}", rows=rows, **known)


def _judged_rows(ledger: AnyLedger, entry: Entry, rows: Sequence[Any], known: Mapping[str, Any]) -> Finding:
    claimed = _claimed(ledger, entry)
    matching = []
    for row in rows:
        agrees, differs = _compared(entry, row)
        if agrees and not differs and claimed.isdisjoint(_ids(row).values()):
            matching.append(row)
    shown = {"rows": list(matching or rows)[:ROWS_SHOWN], "matching": len(matching), **known}
    if len(matching) == 1 and _ids(matching[0]) and _since_sent(entry, known["arguments"]):
        ids = _ids(matching[0])
        said = f"{known['tool']} has one that fits: {', '.join(f'{name} {value}' for name, value in ids.items())}"
        return Finding("done", said, ids=ids, **shown)
    if matching:
        return Finding(None, f"{known['tool']} has {len(matching)} that fit, which does not prove one", **shown)
    return Finding(None, f"{known['tool']} has none that fits, which does not prove that nothing happened", **shown)


def _since_sent(entry: Entry, arguments: Any) -> bool:
    """Whether a list asks only for what came after the write was sent; an older row could be another write's."""
    minute = 60_000
    return any(
        isinstance(value, int | float) and 0 <= entry.intent.at_ms - value < minute for value in _values(arguments)
    )


def _compared(entry: Entry, record: Any) -> tuple[list[str], list[str]]:
    """Return the plain arguments of a write that a record has with the same value, and with another one."""
    if not isinstance(record, Mapping):
        return [], []
    plain = {
        name: value
        for name, value in entry.intent.arguments.items()
        if isinstance(value, str | int | float | bool) and value != MASK and name in record
    }
    agrees = [name for name, value in plain.items() if record[name] == value]
    return agrees, [name for name in plain if name not in agrees]


def _claimed(ledger: AnyLedger, entry: Entry) -> set[str]:
    """Return the ids that other writes of the same tool have answered with."""
    key = entry.intent.idempotency_key
    others = [
        one
        for one in ledger.find(tool=entry.intent.tool, account=entry.intent.account)
        # Under one key the API knows one call: the repeat's answer is this one's.
        if one.outcome != UNKNOWN and (key is None or one.intent.idempotency_key != key)
    ]
    ids = {value for one in others if one.ending for value in one.ending.ids.values()}
    given = {value for value in entry.intent.arguments.values() if isinstance(value, str)}
    # What the write itself names (an agent) stands in many answers and claims nothing.
    return ids - given


def _ids(row: Any) -> dict[str, str]:
    if not isinstance(row, Mapping):
        return {}
    return {name: value for name, value in row.items() if name.endswith("_id") and isinstance(value, str)}


def _values(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [inner for part in value.values() for inner in _values(part)]
    return [inner for part in value for inner in _values(part)] if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [one for one in _values(value) if isinstance(one, str)]


def check_unknown(entry: Entry) -> None:
    """Raise `InvalidArguments` for an entry of which nothing has to be found out."""
    if entry.outcome == UNKNOWN:
        return
    state = "is still under way in a running process" if entry.outcome == UNDER_WAY else f"is {entry.outcome}"
    message = f"{entry.intent.tool} ({entry.intent.id}) {state}, so there is nothing to find out"
    raise InvalidArguments(message, tool=entry.intent.tool)


def still_unknown(entry: Entry, finding: Finding | None) -> OutcomeUnknown:
    """Return the error of an outcome that nobody found out."""
    said = finding.said if finding is not None else "nobody looked"
    return OutcomeUnknown(
        f"what became of {entry.intent.tool} stays unknown: {said}",
        tool=entry.intent.tool,
        record=entry.intent.id,
        reconcile=entry.intent.reconcile,
        idempotency_key=entry.intent.idempotency_key,
        hint=finding.advice if finding is not None else None,
    )
