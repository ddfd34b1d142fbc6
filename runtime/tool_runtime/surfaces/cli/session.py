"""One run of the command line: its options, and the package and the client for these options.

`--help` reads only the name of the program from the head of the package. The registry, the client and httpx are loaded
when a command needs them. The client reads the environment. This module reads only the switch of the sandbox, because
the command line gives its sandbox the ids that the examples of the reference use.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tool_runtime.surfaces.common.package import Package

if TYPE_CHECKING:
    from pathlib import Path

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool
    from tool_runtime.surfaces.common.client import Client


@dataclass(eq=False)
class Session:
    """Options of this run. The group or a command may set `as_json`, `account` and `sandbox`.

    `running` is the tool of the current call, if any. `done` says that the call has returned: an error in the display
    of the result is then no error of the call.
    """

    package_folder: "Path | str"
    as_json: bool = False
    account: str | None = None
    sandbox: bool = False
    running: "Tool | None" = None
    done: bool = False

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

    def client(self) -> "Client":
        """Return the client for the options and the environment; the caller closes the client.

        Raises `ConfigurationError` if there is no such account.
        """
        from tool_runtime.surfaces.common.client import Client

        if self.on_sandbox:
            from tool_runtime.sandbox import Sandbox

            sandbox = Sandbox(self.registry, examples=True)
            return Client(registry=self.registry, account=self.account, sandbox=sandbox, surface="cli")
        return Client(registry=self.registry, account=self.account, surface="cli")
