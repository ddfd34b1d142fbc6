"""One run of the command line: its options, its package and its client, and the one answer that it gives.

`--help` reads only the name of the program from the head of the package. The registry, the client and httpx are loaded
when a command needs them. A command hands its data to `give`, which makes the answer: the envelope with `--json`, and
what the command shows otherwise. So no command knows the envelope.
"""

import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.common.package import Package

if TYPE_CHECKING:
    from pathlib import Path

    from tool_runtime.core.gate import Invocation
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool
    from tool_runtime.surfaces.common.client import Client


Connected = TypeVar("Connected", bound="Client")


class Session:
    """Options and state of this run. Options are set by `options`, in front of a command or behind the command.

    `function` is what the envelope calls the run: a command, or the canonical name of a tool. `meta` is what the
    envelope says of the call. `running` is the tool of the current call, if any, and `arguments` are its arguments.
    `done` says that the call has returned: an error in the display of the result is then no error of the call.
    `data` is what a failed run has to show beside its error. `given` says that the answer is on its way to
    stdout, `shown` that stdout took the answer. `asked_nobody` says that the policy asks, and
    there is no terminal on which to ask. `wrote` says that a command that makes several calls has made a write, and
    `lost_output` holds what kept a script's words from stdout.
    """

    def __init__(self, package_folder: "Path | str", words: Sequence[str] = (), *, as_json: bool = False) -> None:
        self.package_folder = package_folder
        self.words = list(words)
        self.started = time.monotonic()
        self.as_json = as_json
        self.account: str | None = None
        self.sandbox = False
        self.force = False
        self.read_only = False
        self.timeout: float | None = None
        self.retries: int | None = None
        self.verbose = False
        self.curl = False
        self.function: str | None = None
        self.meta: dict[str, Any] = {}
        self.running: Tool | None = None
        self.done = False
        self.data: Any = None
        self.given = False
        self.shown = False
        self.asked_nobody = False
        self.wrote = False
        self.lost_output: list[OSError] = []
        self.extra: dict[str, Any] = {}

    @cached_property
    def package(self) -> Package:
        """The generated package. Raises `SpecError` where a part of it cannot be read."""
        return Package(self.package_folder)

    @property
    def registry(self) -> "Registry":
        """The registry."""
        return self.package.registry

    @property
    def api(self) -> dict[str, Any]:
        """What the package says about the API as a whole."""
        return self.package.api

    @property
    def program(self) -> str:
        """The name of the command that users type."""
        return str(self.api["command"])

    @property
    def title(self) -> str:
        """The API's own name, for people."""
        return str(self.api["title"])

    @property
    def environment(self) -> str:
        """The prefix of this program's environment variables."""
        return str(self.api["environment"])

    @property
    def on_sandbox(self) -> bool:
        """Whether calls go to the sandbox: `--sandbox`, or the variable that ends in `_SANDBOX`."""
        from tool_runtime.accounts.environment import wants_sandbox

        return self.sandbox or wants_sandbox(self.registry, os.environ)

    def give(self, data: Any, show: Callable[[], None] | None = None, **meta: Any) -> None:
        """Give the answer of a run that went well: the envelope with `--json`, else what `show` shows.

        Without `show`, the data is shown as JSON. `meta` goes into the envelope.
        """
        self.given = True
        if self.as_json:
            output.write_json(self.envelope(data=data, meta={**self.meta, **meta}))
        elif show is not None:
            show()
        else:
            output.write_json(data)
        output.flush()
        self.shown = True

    def envelope(self, **parts: Any) -> dict[str, Any]:
        """Return the envelope of this run: `data` or `error`, and `meta`."""
        from tool_runtime.surfaces.common.results import envelope_of

        duration_ms = (time.monotonic() - self.started) * 1000
        return envelope_of(self.function, duration_ms=duration_ms, **{"meta": self.meta, **parts}) | self.extra

    def client(
        self, kind: "type[Connected] | None" = None, confirm: "Callable[[Invocation], bool] | None" = None
    ) -> "Connected":
        """Return the client for the options, the accounts file and the environment; the caller closes the client.

        `confirm` answers where the policy asks; None where nobody can be asked. Raises `ConfigurationError`.
        """
        from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client
        from tool_runtime.surfaces.common.client import Client

        output.note_log()
        options = AgentOptions(
            account=self.account,
            sandbox=self.sandbox,
            force=self.force,
            read_only=self.read_only,
            timeout=self.timeout,
            retries=self.retries,
        )
        made = agent_client(self.registry, options, surface="cli", confirm=confirm, kind=kind or Client)
        return cast("Connected", made)
