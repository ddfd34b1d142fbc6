"""The command `completion`, and the answer to a shell that asks what may come next.

click's scripts for bash, zsh and fish call the program with a variable that names the shell; click also reads the words
that the shell hands over. What is offered is ours: `completing`.
"""

import os
from collections.abc import Mapping
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session

_FILES: Mapping[str, str] = {
    "bash": "source <({program} completion bash)   in ~/.bashrc",
    "zsh": "source <({program} completion zsh)   in ~/.zshrc",
    "fish": "{program} completion fish > ~/.config/fish/completions/{program}.fish",
}
_GOES_ON = """    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi"""


def variable_of(program: str) -> str:
    """Return the variable by which a shell asks: `my-tools` -> `_MY_TOOLS_COMPLETE`."""
    return f"_{program.replace('-', '_').upper()}_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_FILES)))
@click.pass_obj
def completion_command(session: Session, shell: str) -> None:
    """Print the script that completes commands, tools, arguments and values in SHELL."""
    script = _completer(session, shell).source()
    how = _FILES[shell].format(program=session.program)
    if output.is_terminal():
        output.note(f"To use the script: {how}")
    session.give({"shell": shell, "use": how, "script": script}, lambda: output.write(script))


def answered(session: Session) -> bool:
    """Answer a shell that asks what may come next. Says whether a shell did ask."""
    shell, _, instruction = os.environ.get(variable_of(session.program), "").partition("_")
    if instruction != "complete" or shell not in _FILES:
        return False
    output.write(_completer(session, shell).complete())
    return True


def _completer(session: Session, shell: str) -> Any:
    from click.shell_completion import CompletionItem, get_completion_class

    kind: Any = get_completion_class(shell)

    class Completer(kind):  # type: ignore[misc]  # the class depends on the shell
        """click's class for the shell, with our words."""

        def source(self) -> str:
            """Return the script; in bash, no blank follows a word that goes on, such as `agent_id=`."""
            return str(super().source()).replace("\n    return 0\n", f"\n{_GOES_ON}\n    return 0\n", 1)

        def get_completions(self, args: list[str], incomplete: str) -> list[Any]:
            from tool_runtime.surfaces.cli.completing import offers

            return [
                CompletionItem(offer.word or incomplete, offer.kind, help=" ".join(offer.about.split()) or None)
                for offer in offers(session, args, incomplete)
            ]

    return Completer(None, {}, session.program, variable_of(session.program))
