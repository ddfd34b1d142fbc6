"""The file of the ledger: one SQLite database, opened with care, whose every refusal is one kind of error.

Owns making the file (folders 0700, file 0600), opening and checking the file, the connection and the lock of a process,
transactions, and the words for what can be wrong with a file. Must not know: what stands in the tables.

- A commit returns after fsync (WAL, `synchronous=FULL`; on macOS also `fullfsync`).
- Threads share one connection, one at a time. Commits would wait for each other in any case.
- No connection crosses a fork. SQLite keeps its view of a file's locks in the memory of the process: a child with the
  parent's view takes locks for held that the child does not hold, and another process may then remove the -wal file
  with what the child wrote. So a fork waits for the threads' transactions, and connections are closed before; parent
  and child open new ones when they need one.
- A file that was moved or removed while open is noticed before the next use, and a file is made anew.
"""

import errno
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from tool_runtime.errors import ConfigurationError

_PAUSE_SECONDS: Final = 0.005
# Others may not read who was called.
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
# Bytes. SQLite takes a shorter file for an empty one, and writes over the file.
_SMALLEST_DATABASE: Final = 512

_RIGHTS = "This program may not write there. Make the file and its folder writable, or name another file."
_ROOM = "Make room on the disk, or name a file on another one."
_DAMAGED = (
    "Move the file away, together with those that end in -wal and -shm; a new one is made. "
    "Calls whose outcome is unknown are then no longer known: look for them in the API's own records."
)
_BUSY = "Another process holds the file's lock. End that process, or call again."
_LOCAL = "Name a file on a local disk."
# By the beginning of SQLite's name of an error: what is wrong, and what to do.
_WORDS: Final = (
    ("SQLITE_READONLY", "cannot be written", _RIGHTS),
    ("SQLITE_CANTOPEN", "cannot be opened", _RIGHTS),
    ("SQLITE_PERM", "cannot be opened", _RIGHTS),
    ("SQLITE_AUTH", "cannot be opened", _RIGHTS),
    ("SQLITE_FULL", "cannot grow: the disk is full", _ROOM),
    ("SQLITE_TOOBIG", "cannot hold an entry of this size", "Call with shorter arguments."),
    ("SQLITE_IOERR", "cannot be read or written: the disk is full or broken", _ROOM),
    ("SQLITE_BUSY", "is locked", _BUSY),
    ("SQLITE_LOCKED", "is locked", _BUSY),
    ("SQLITE_PROTOCOL", "is locked, or stands on a disk without locks", _LOCAL),
    ("SQLITE_NOLFS", "is too large for this disk", _LOCAL),
    ("SQLITE", "is damaged, or is no ledger", _DAMAGED),
)
_WORDS_OF_THE_SYSTEM: Final = {
    errno.ENOSPC: ("cannot be made: the disk is full", _ROOM),
    errno.EDQUOT: ("cannot be made: the quota is used up", _ROOM),
    errno.ENOTDIR: ("cannot be made: a part of its path is no folder", "Name a file in a folder."),
    errno.ELOOP: ("cannot be made: its path is a loop of links", "Name a file in a folder."),
    errno.ENAMETOOLONG: ("cannot be made: its path is too long", "Name a shorter path."),
}

_open_files: "weakref.WeakSet[LedgerFile]" = weakref.WeakSet()
# The files whose locks the thread that forks holds.
_forking = threading.local()
# Connections that this process must neither use nor close. The count of references is raised as well, because the
# interpreter empties this list when it ends.
_abandoned: list[sqlite3.Connection] = []


class LedgerFile:
    """The database of one schema at one path, opened when first used.

    `application_id` tells the database from another program's, `version` is that of `schema`, the SQL that makes the
    tables. `busy_seconds` is how long a transaction waits for another process.
    """

    def __init__(self, path: Path, schema: str, *, application_id: int, version: int, busy_seconds: float) -> None:
        self.path = path
        self._schema = schema
        self._application_id = application_id
        self._version = version
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        # Whoever keeps something beside the file guards that by the same lock.
        self.lock = threading.RLock()
        _open_files.add(self)

    def __del__(self) -> None:
        """Close what nobody closed."""
        with suppress(Exception):
            self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the file's write lock; commit, durably, at the end, and write nothing where anything is raised.

        Raises `ConfigurationError` that names the file for whatever the file or its folder refuses.
        """
        with self.lock, self._explained():
            connection = self._connected()
            if connection.in_transaction:
                # A signal handler, or a callback, that came in between: the outer transaction is not to be touched.
                message = f"the ledger {self.path} is in the middle of a transaction of this very thread"
                raise ConfigurationError(message, hint="Write from elsewhere than a signal handler or a callback.")
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # An interrupt too: an open transaction would keep the lock from every other process.
                _roll_back(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for queries; inside a transaction, the transaction's own. Raises as `transaction` does."""
        with self.lock, self._explained():
            yield self._connected()

    def close(self) -> None:
        """Close the connection; the next use opens one."""
        with self.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def before_fork(self) -> None:
        """Wait for the threads, and close; a transaction of the very thread that forks stays the parent's."""
        self.lock.acquire()
        if self._connection is not None and not self._connection.in_transaction:
            self.close()

    def after_fork(self, *, in_child: bool) -> None:
        """Let the threads go on. The child has none, and leaves a transaction that was open to the parent."""
        if not in_child:
            self.lock.release()
            return
        self.lock = threading.RLock()
        if self._connection is not None:
            _abandon(self._connection)
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            # A file that is replaced in the middle of a transaction belongs to the next one.
            if self._connection.in_transaction or self._identity == self._identity_now():
                return self._connection
            # Closing would remove the -wal file of the database that stands at the path now.
            _abandon(self._connection)
            self._connection = None
        try:
            self._make_file()
            identity = self._identity_now()
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None) or 0
            wrong, advice = _WORDS_OF_THE_SYSTEM.get(number, ("cannot be made or opened", _RIGHTS))
            raise ConfigurationError(f"the ledger {self.path} {wrong} ({error})", hint=advice) from error
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity = connection, identity
        return connection

    def _identity_now(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _make_file(self) -> None:
        for folder in reversed(self.path.parents):
            if not folder.exists():
                folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        try:
            # Only ever a new file: closing a descriptor of a file that is open elsewhere in this process would drop
            # SQLite's locks on that file.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE_FILE))
        except FileExistsError:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                message = f"the ledger {self.path} is a folder or a device; a file is needed"
                raise ConfigurationError(message, hint="Name a file.") from None
            if 0 < found.st_size < _SMALLEST_DATABASE:
                raise damaged(self.path, "it is shorter than a database") from None
            if not os.access(self.path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                # SQLite would open the file for reading, and leave -wal and -shm files that nobody can write.
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
            if os.name == "posix" and found.st_mode & _OTHERS and found.st_uid == os.geteuid():
                self.path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Check that the file is a ledger of this version, make the tables of an empty one, and set what holds here."""
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = 1")
        if self._is_empty(connection):
            self._use_wal(connection)
            connection.execute("BEGIN IMMEDIATE")
            if self._is_empty(connection):
                for statement in self._schema.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._application_id}")
                connection.execute(f"PRAGMA user_version = {self._version}")
            connection.execute("COMMIT")
        application_id, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        if application_id != self._application_id:
            message = f"the file {self.path} is the database of another program, and no ledger"
            raise ConfigurationError(message, hint="Name another file for the ledger.")
        if version != self._version:
            message = f"the ledger {self.path} was written by another release (format {version}, not {self._version})"
            raise ConfigurationError(message, hint="Install the newest release, or name another file.")
        self._use_wal(connection)

    def _is_empty(self, connection: sqlite3.Connection) -> bool:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return not (tables or _pragma(connection, "application_id") or _pragma(connection, "user_version"))

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch the journal. SQLite does not wait here for processes that do the same, so this does."""
        end = time.monotonic() + self._busy_seconds
        while _pragma(connection, "journal_mode") != "wal":
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE_SECONDS)
                continue
            if mode != "wal":
                message = f"the ledger {self.path} stands on a disk that processes cannot share (journal mode {mode})"
                raise ConfigurationError(message, hint=_LOCAL)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # Errors of the module itself (a closed database) have no name.
            name = getattr(error, "sqlite_errorname", None) or "SQLITE_MISUSE"
            wrong, advice = next((wrong, advice) for begins, wrong, advice in _WORDS if name.startswith(begins))
            self._drop_broken(name)
            raise ConfigurationError(f"the ledger {self.path} {wrong} ({name}: {error})", hint=advice) from error

    def _drop_broken(self, name: str) -> None:
        """Open anew after anything but a wait: the file may be whole, and the connection not."""
        if not name.startswith(("SQLITE_BUSY", "SQLITE_FULL")):
            self.close()


def damaged(path: Path, what: str) -> ConfigurationError:
    """Return the error of a file in which something stands that no ledger writes."""
    return ConfigurationError(f"the ledger {path} {_WORDS[-1][1]} ({what})", hint=_DAMAGED)


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _roll_back(connection: sqlite3.Connection) -> None:
    # SQLite ends a transaction by itself after some errors.
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _abandon(connection: sqlite3.Connection) -> None:
    import ctypes

    _abandoned.append(connection)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _before_fork() -> None:
    # In one order, so that two threads that fork at once do not wait for each other.
    _forking.files = sorted(_open_files, key=id)
    for file in _forking.files:
        file.before_fork()


def _after_fork(*, in_child: bool) -> None:
    for file in _forking.files:
        file.after_fork(in_child=in_child)
    _forking.files = []


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=partial(_after_fork, in_child=False),
        after_in_child=partial(_after_fork, in_child=True),
    )
