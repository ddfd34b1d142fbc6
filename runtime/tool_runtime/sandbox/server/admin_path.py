"""Where the sandbox's own API stands on a server."""

from typing import Final

PREFIX: Final = "/__sandbox"
