"""The compiled form of templates, kept as Python keeps compiled modules: compiling takes longer than rendering.

The name of a kept file holds all that the compiled form depends on, save the text of the template, of which the library
compares a digest. A folder that cannot be written, or a process that writes no bytecode, keeps nothing.

This module must not know what a template says.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import jinja2.compiler

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

_FOLDER = Path(__file__).with_name("__pycache__")
# What a file raises that holds something else.
_UNREADABLE = (OSError, EOFError, ValueError, pickle.UnpicklingError)


class CompiledTemplates(jinja2.BytecodeCache):
    """Keeps compiled templates in a folder: by default one that only whoever installed this package can write."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read the compiled form of a template, if there is one."""
        with contextlib.suppress(*_UNREADABLE), self._file(bucket).open("rb") as stream:
            bucket.load_bytecode(stream)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the compiled form of a template; a reader sees the whole file or none."""
        if sys.dont_write_bytecode:
            return
        target = self._file(bucket)
        temporary = target.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            try:
                with temporary.open("wb") as stream:
                    bucket.write_bytecode(stream)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key[:16]}-{_settings(bucket.environment)}.jinja"


@cache
def _settings(environment: jinja2.Environment) -> str:
    """Return a digest of what decides how a text is compiled: the interpreter, the compiler, the options."""
    compiler = Path(jinja2.compiler.__file__).stat()
    options = (
        environment.trim_blocks,
        environment.lstrip_blocks,
        environment.keep_trailing_newline,
        environment.autoescape,
        environment.optimized,
    )
    facts = (sys.implementation.cache_tag, compiler.st_mtime_ns, compiler.st_size, options)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
