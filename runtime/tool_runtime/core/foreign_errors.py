"""What any exception says of a call, also one that is not of the tree in `errors`.

An interrupt, a cancellation or a caller's own alarm can end a call too. Such an exception goes on unchanged:
`annotate` gives it a note and the attribute `tool_error`, which says what may have happened. `as_tool_error` reads
that attribute back, and `envelope` is what every surface shows of an exception.
"""

from typing import Any

from tool_runtime.errors import InternalError, Interrupted, ToolError


def annotate(error: BaseException, known: ToolError) -> None:
    """Tell whoever catches a foreign exception what may have happened: `error.tool_error`, and a note in its text.

    Annotating again replaces what was said before, since an outer tool knows more than its step.
    """
    notes = getattr(error, "__notes__", [])
    earlier = getattr(error, "tool_error", None)
    if earlier is not None and str(earlier) in notes:
        notes.remove(str(earlier))
    error.tool_error = known  # type: ignore[attr-defined]  # any exception takes attributes
    error.add_note(str(known))


def as_tool_error(error: BaseException) -> ToolError:
    """Return the error of this tree that stands for any exception: itself, what `annotate` said of it, or a new one.

    `asyncio.timeout` raises a new `TimeoutError` from the cancellation that was annotated, so causes count too. Of an
    exception group, the error counts whose call may have happened.
    """
    link: BaseException | None = error
    while link is not None:
        known = link if isinstance(link, ToolError) else getattr(link, "tool_error", None)
        if isinstance(known, ToolError):
            return known
        if isinstance(link, BaseExceptionGroup):
            return _worst_of(link)
        link = link.__cause__ or link.__context__
    if isinstance(error, Exception):
        return InternalError(f"{type(error).__name__}: {error}")
    return Interrupted("interrupted" if isinstance(error, KeyboardInterrupt) else f"ended by {type(error).__name__}")


def _worst_of(group: BaseExceptionGroup[BaseException]) -> ToolError:
    """Return the error of a group that matters most: one whose call may have happened, else one of a call at all.

    A task group drops the cancellations of the tasks that it stopped, and what these say of their calls is lost. So a
    group without any error of a call says nothing about calls, and the outcome is unknown.
    """
    found = [as_tool_error(error) for error in group.exceptions]
    of_calls = [one for one in found if type(one) is not InternalError]
    if not of_calls:
        message = f"{type(group).__name__}: {group}"
        return InternalError(message, outcome="unknown")
    return max(of_calls, key=lambda one: (one.outcome == "unknown", one.outcome != "not_sent"))


def envelope(error: BaseException) -> dict[str, Any]:
    """Return the envelope of any exception, for every surface."""
    return as_tool_error(error).to_dict()
