"""Files that hold secrets: read only where nobody else can read them, written whole or not at all.

Owns the checks of owner and permission bits, the limit on size, and the way in which a file is replaced. Must not know:
what stands in a file.

A reader sees the old file or the new one, never a part of one: a writer makes `NAME.new` beside the file (0600), waits
until the disk has the bytes, and renames. Writers wait for each other on `NAME.lock`, which the system releases when a
process ends, however the process ends. The name of the new file is fixed, so what a killed writer left behind is
removed by the next writer, and no copy of a secret stays about.

A link is followed: people keep their configuration elsewhere and link to that place. The file at its end is checked.
"""

import errno
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret

# Bytes. A file of settings is a few kB; whatever is larger is something else.
LARGEST: Final = 1024 * 1024
LOCK_SECONDS: Final = 30.0
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_settings(path: Path, *, private: bool) -> Secret | None:
    """Return the text of a file of settings, which may hold keys; None where there is no file.

    With `private`, a file that another user owns, or that others can read or write, is refused. Raises
    `ConfigurationError` that names the file.
    """
    try:
        # Non-blocking: opening a pipe that somebody put here would otherwise wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return None
        raise _unreadable(path, error) from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        # Before `open`, which refuses a folder with an error that names the descriptor.
        os.close(descriptor)
        message = f"{path} is a folder or a device; a file is needed"
        raise ConfigurationError(message)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        if private:
            _check_private(path, found)
        try:
            raw = file.read(LARGEST + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    if len(raw) > LARGEST:
        message = f"{path} is larger than {LARGEST // 1024} kB, so it is no file of settings"
        raise ConfigurationError(message)
    # Not in the `except`: a decoding error, and every traceback below it, holds the bytes of the file.
    text = raw.decode("utf-8-sig", "replace")
    if raw and "\ufffd" in text and "\ufffd".encode() not in raw:
        del raw, text
        message = f"{path} is not UTF-8 text"
        raise ConfigurationError(message)
    return Secret(text)


def _check_private(path: Path, found: os.stat_result) -> None:
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        message = f"{path} belongs to another user, who could name an address to which your keys go"
        raise ConfigurationError(message, hint="Make a file of your own.")
    if found.st_mode & _OTHERS:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        message = f"{path} can be read or written by others (mode {mode}), and it may hold keys"
        raise ConfigurationError(message, hint=f"Run: chmod 600 {path}. If others use this machine, change the keys.")


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be read: {error.strerror or error}")


@contextmanager
def locked(path: Path, *, seconds: float = LOCK_SECONDS, beside: bool = True) -> Iterator[Path]:
    """Make the folder of a file, hold the file's lock, and give the place to write: the end of a link, or the path.

    With `beside=False` the lock stands in the folder for temporary files, so that nothing is added to a project. Raises
    `ConfigurationError` where the folder cannot be written, or another process holds the lock for `seconds`.
    """
    from filelock import FileLock, Timeout

    try:
        target = path.resolve()
        for folder in reversed(target.parents):
            if not folder.exists():
                folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        place = target.with_name(f"{target.name}.lock") if beside else _elsewhere(target)
        lock = FileLock(place, timeout=seconds, mode=_PRIVATE_FILE)
        lock.acquire()
    except Timeout:
        message = f"{path} is being written by another process, and has been for {seconds:.0f} s"
        raise ConfigurationError(message, hint="End that process, or try again.") from None
    except (OSError, RuntimeError, NotImplementedError) as error:
        raise _unwritable(path, error) from None
    try:
        yield target
    finally:
        lock.release()


def _elsewhere(target: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(target)).hexdigest()[:32]
    return Path(tempfile.gettempdir(), f"{digest}.{os.getuid() if hasattr(os, 'getuid') else 0}.lock")


def replace_text(path: Path, text: Secret, *, mode: int | None = None) -> None:
    """Write a file as a whole, durably. Call this inside `locked`. Raises `ConfigurationError`.

    The file is private, or has `mode` where a mode is given and the file is new; another file keeps its own.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        # What a killed writer left; never opened, since others may have put a link here.
        with suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), _PRIVATE_FILE)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                file.write(text.reveal().encode())
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode) if path.exists() else mode & ~_umask())
                file.flush()
                os.fsync(file.fileno())
            _rename(new, path)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
    except (OSError, UnicodeEncodeError) as error:
        raise _unwritable(path, error) from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _rename(new: Path, path: Path) -> None:
    if os.name != "posix":
        # Windows refuses to replace a file that somebody reads in this very moment.
        for _ in range(50):
            with suppress(PermissionError):
                new.replace(path)
                return
            time.sleep(0.02)
    new.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        except OSError:
            # Some disks cannot be told to keep a folder; the file itself is whole.
            pass
        finally:
            os.close(folder)


def _unwritable(path: Path, error: Exception) -> ConfigurationError:
    reason = getattr(error, "strerror", None) or error
    message = f"{path} cannot be written: {reason}"
    return ConfigurationError(message, hint="Nothing was changed. Make the file and its folder writable.")
