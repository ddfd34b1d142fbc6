"""Options that mean the same on several commands.

`--json`, `--account` and `--sandbox` are options of every command: `add_common_options` gives them to a command that
does not declare them. `calling_options` are those of commands that send something. Each option writes its value into
the session, so a command needs no parameter for it.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

# Options that take a value. Needed to find the command behind options that stand in front of it.
_WITH_VALUE = frozenset({
    "--account", "--timeout", "--retries", "--idempotency-key", "--max", "--fields", "--query", "--output", "-o",
    "--arg", "--interval", "--format", "--limit", "--group", "--class", "--effect", "--language", "--dir",
    "-e", "--eval", "--args", "--cpu-limit", "--memory-limit", "--wall-limit", "--call-limit", "--output-limit",
    "--approve", "--deny", "--done", "--not-done",
})  # fmt: skip


class Seconds(click.FloatRange):
    """A span of time above 0. `nan` is no number of seconds: it is neither below nor above a limit."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the seconds, or fail with a sentence."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


# A day at most, as for options of a call in Python.
_SECONDS = Seconds(0, 86_400, min_open=True)


def with_value(word: str) -> bool:
    """Say whether an option takes the next word as its value: `--account` does, `--account=eu` and `--json` do not."""
    return word in _WITH_VALUE


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # `0 == False`: a 0 is a value, and `--retries 0` means no second attempt.
    if value is not None and value is not False and parameter.name:
        setattr(context.find_root().obj, parameter.name, value)


def _option(*names: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_remember, **settings)


def common_options() -> list[click.Option]:
    """Return the options of every command."""
    return [
        _option("--account", metavar="NAME", help="Use this account instead of the default one."),
        _option("--sandbox", is_flag=True, help="Use the local stand-in: no key, no cost, no network."),
        _option("--json", "as_json", is_flag=True, help="Write one JSON document to stdout, errors included."),
    ]


def add_common_options(command: click.Command) -> None:
    """Give a command the common options that it does not declare itself."""
    known = {name for parameter in command.params for name in parameter.opts}
    command.params += [option for option in common_options() if known.isdisjoint(option.opts)]


def calling_options(command: _Command, without: str = "") -> _Command:
    """Decorate a command that sends something: `--force`, `--read-only`, `--timeout`, `--retries`, `-v`, `--curl`.

    `without` leaves out the option that the command gives a meaning of its own.
    """
    options: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
        (("--force",), {"is_flag": True, "help": "Do not ask where the policy says ask. Lifts no deny and no cap."}),
        (("--read-only",), {"is_flag": True, "help": "Refuse every write."}),
        (("--timeout",), {"type": _SECONDS, "metavar": "SECONDS", "help": "How long an attempt may make no progress."}),
        (
            ("--retries",),
            {
                "type": click.IntRange(0, 100),
                "metavar": "N",
                "help": "Attempts after the first, where harmless.",
            },
        ),
        (("-v", "--verbose"), {"is_flag": True, "help": "Show the exchange on stderr, without secrets."}),
        (("--curl",), {"is_flag": True, "help": "As -v, with the requests as curl commands."}),
    )
    for names, settings in reversed([one for one in options if without not in one[0]]):
        command = click.option(*names, expose_value=False, callback=_remember, **settings)(command)
    return command
