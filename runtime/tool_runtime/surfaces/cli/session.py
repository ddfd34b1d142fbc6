"""One run of the command line: its options, and the registry and client that they lead to.

`--help` takes the program's name from the registry's file, and nothing else: the registry itself is made when a command
asks for it, and so is the client, and with it httpx. The environment is read by the client; only the sandbox's switch
is looked at here, because the command line gives its sandbox the ids that the reference's examples use.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool
    from tool_runtime.surfaces.common.client import Client

HEAD = 8192


@dataclass(eq=False)
class Session:
    """Options of this run. `as_json`, `account` and `sandbox` may be set by the group or by a command.

    `running` is the tool that is being called, if any: it tells what an interrupt may have left behind. `done` says
    that its call has come back, so that a failure to show the result is not taken for a failure of the call.
    """

    package_folder: "Path | str"
    as_json: bool = False
    account: str | None = None
    sandbox: bool = False
    running: "Tool | None" = None
    done: bool = False

    @cached_property
    def document(self) -> dict[str, Any]:
        """The JSON of the registry. Raises `OSError` or `ValueError` where it cannot be read."""
        # Importing pathlib would take a good part of the time that `--help` may take.
        with open(f"{self.package_folder}/registry.json", "rb") as file:  # noqa: PTH123 - as above
            document: dict[str, Any] = json.load(file)
        return document

    @cached_property
    def registry(self) -> "Registry":
        """The registry. Raises `SpecError` where this runtime cannot use it."""
        from tool_runtime.core.registry import Registry

        return Registry(self.document)

    @cached_property
    def api(self) -> dict[str, Any]:
        """What the registry says about the API as a whole, read from its head: `--help` needs no more of it."""
        with open(f"{self.package_folder}/registry.json", encoding="utf-8") as file:  # noqa: PTH123 - as above
            head = file.read(HEAD)
        start = head.find('\n "api": {')
        try:
            api: dict[str, Any] = json.JSONDecoder().raw_decode(head, start + len('\n "api": '))[0]
        except ValueError:
            return dict(self.document["api"])
        return api if start >= 0 else dict(self.document["api"])

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
        """Return the client that the options and the environment describe; the caller closes it.

        Raises:
            ConfigurationError: there is no key, or no such account.
        """
        from tool_runtime.surfaces.common.client import Client

        if self.on_sandbox:
            from tool_runtime.sandbox import Sandbox

            sandbox = Sandbox(self.registry, examples=True)
            return Client(registry=self.registry, account=self.account, sandbox=sandbox)
        return Client(registry=self.registry, account=self.account)

    def read_schema(self, tool: str) -> dict[str, Any]:
        """Return the JSON Schema of a tool's arguments, by the tool's canonical name."""
        from pathlib import Path

        from tool_runtime.core.errors import SpecError

        path = Path(self.package_folder, "schemas", f"{tool}.json")
        try:
            schema: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            message = f"the schema of {tool} cannot be read: {error}"
            raise SpecError(message) from error
        return schema
