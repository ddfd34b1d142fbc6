"""The one ledger that all surfaces and processes of a user share, in the user's state folder.

On a machine without a place for a ledger, writes are refused with the reason, and reads go on.
"""

from typing import Any, NoReturn

from tool_runtime.core.ledger import AnyLedger
from tool_runtime.core.tools import Api
from tool_runtime.errors import ConfigurationError


def user_ledger(api: Api) -> AnyLedger:
    """Return the user's ledger for an API. The file is opened, or made, when it is first used."""
    from tool_runtime.accounts.sqlite_ledger import Ledger, default_ledger_path

    try:
        return Ledger(default_ledger_path(api.command or api.name))
    except ConfigurationError as error:
        return UnusableLedger(error)


class UnusableLedger(AnyLedger):
    """Raises the given error for whatever it is asked."""

    def __init__(self, error: ConfigurationError) -> None:
        self._error = error

    def begin(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse a write: nobody could say afterwards what was sent."""
        raise self._copy()

    def end(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse as `begin`, which lets no call come this far."""
        raise self._copy()

    def deliver(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse as `end`."""
        raise self._copy()

    def get(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is nothing to read."""
        raise self._copy()

    def find(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is nothing to read."""
        raise self._copy()

    def resolve(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is nothing to resolve."""
        raise self._copy()

    def close(self) -> None:
        """Do nothing."""

    def _copy(self) -> ConfigurationError:
        # An error that is raised twice would carry the traceback and the knowledge of the first call.
        return ConfigurationError(self._error.message, hint=self._error.hint)
