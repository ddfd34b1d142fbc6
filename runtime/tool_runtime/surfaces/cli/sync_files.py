"""Records as files: one folder a record, the long texts of the record as text files beside its JSON.

    DIR/llms/llm_123/record.json         the record; {"$text": "general_prompt.md"} stands for a text
    DIR/llms/llm_123/general_prompt.md   a text, and a line break at its end
    DIR/llms/llm_123/.pulled.json        the record as the API gave it when it was last read
    DIR/llms/llm_123/.pushed.json        fields that a push was about to send; a push that ends removes the file

This module owns the layout. What is read from files that nobody edited equals what was written, byte for byte. People
may rename a record's folder and keep files of their own in it: the id stands in the record. A new record never takes a
folder in which something stands. Names of files and folders are such as every system takes, so a folder may move
between systems: none is reserved or too long, and no two differ in case only. A program that ends lines as Windows does
changes no text. A write that is cut off is finished by the next one: the whole record is written to `.pending.json`
first, and that file becomes `.pulled.json` last. Knows no tool and sends nothing.
"""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tool_runtime.core.tools import SyncKind
from tool_runtime.errors import UsageError
from tool_runtime.surfaces.cli.typed_text import Unreadable, read_json

RECORD, PULLED, PENDING, CREATE_KEY = "record.json", ".pulled.json", ".pending.json", ".create-key"
PUSHED = ".pushed.json"
TEXT = "$text"
_LONGEST_LABEL = 60
_LONGEST_FOLDER = 100
# Windows takes these words for devices, with every ending.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


@dataclass(frozen=True, slots=True)
class Kept:
    """A record in a folder. `pulled` is the record as the API gave it; None for a record that was made here.

    `pushed` are the fields that a push, which was cut off, had sent or was about to send.
    """

    folder: Path
    record: Mapping[str, Any]
    pulled: Mapping[str, Any] | None
    pushed: Mapping[str, Any] = field(default_factory=dict)


class Records:
    """The records of one kind below a folder."""

    def __init__(self, root: Path, kind: SyncKind) -> None:
        self.root = root / kind.name
        self.kind = kind

    def __iter__(self) -> Iterator[Kept]:
        """Read every record, by folder name. Raises `UsageError` for a file that cannot be read."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        for folder in folders:
            if (folder / PENDING).is_file():
                self._finish(folder)
            if (folder / RECORD).is_file():
                yield self._read(folder)

    def by_id(self) -> Mapping[str, Kept]:
        """Return the records that have an id. Raises `UsageError` where two folders hold the same id."""
        known: dict[str, Kept] = {}
        for kept in self:
            name = kept.record.get(self.kind.id)
            if isinstance(name, str):
                if name in known:
                    message = f"{known[name].folder} and {kept.folder} hold the same {self.kind.id}, {name}"
                    raise UsageError(message, hint=f"Remove one of them, or take the {self.kind.id} out of the copy.")
                known[name] = kept
        return known

    def write(self, record: Mapping[str, Any], folder: Path | None = None) -> Path:
        """Write a record that the API gave, and return its folder: a given one, or a new one of the name of its id."""
        if folder is None:
            folder = self._new_folder(str(record[self.kind.id]))
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / PENDING, _json(record))
        self._finish(folder)
        return folder

    def _new_folder(self, name: str) -> Path:
        """Return a folder for an id that has none. The one of its name may hold a record that somebody put there."""
        first = folder_name(name)
        folder, number = self.root / first, 1
        while any((folder / file).exists() for file in (RECORD, PENDING)):
            number += 1
            folder = self.root / f"{first}-{number}"
        return folder

    def _finish(self, folder: Path) -> None:
        """Write the files of the record in `.pending.json`, which may be the work of a run that was killed."""
        record = _read_json(folder / PENDING)
        before = folder / RECORD
        stale = {path for path, _ in _referred(_read_json(before), self.kind.texts)} if before.is_file() else set()
        shown, texts = split(record, self.kind.texts)
        for name, text in texts.items():
            _write(folder / name, f"{text}\n")
        _write(before, _json(shown))
        written = {name.casefold() for name in texts}
        for name in stale:
            if unicodedata.normalize("NFC", name).casefold() not in written:
                (folder / name).unlink(missing_ok=True)
        (folder / PENDING).replace(folder / PULLED)
        for name in (CREATE_KEY, PUSHED):
            (folder / name).unlink(missing_ok=True)

    @staticmethod
    def begin_push(folder: Path, fields: Mapping[str, Any]) -> None:
        """Write down what is about to be sent, so that a run after a cut push knows the API's change for its own."""
        _write(folder / PUSHED, _json(fields))

    def _read(self, folder: Path) -> Kept:
        record = _read_json(folder / RECORD)
        if not isinstance(record, dict):
            raise UsageError(f"{folder / RECORD}: expected a JSON object")
        for name, put in _referred(record, self.kind.texts):
            # A text with a carriage return of its own is no file: those in a file come from an editor, or from git.
            put(_read_text(folder / name).replace("\r\n", "\n").removesuffix("\n"))
        pulled, pushed = folder / PULLED, folder / PUSHED
        return Kept(
            folder,
            record,
            _read_json(pulled) if pulled.is_file() else None,
            _read_json(pushed) if pushed.is_file() else {},
        )


def folder_name(name: str) -> str:
    """Return an id as the name of a folder that every system takes and that cannot lead elsewhere.

    Examples: `call_1` -> `call_1`; `../a b` -> `%2E.%2Fa%20b`; `nul` -> `%6Eul`. Of a long id, the beginning stands
    there, and a digest that tells the id from others.
    """
    safe = quote(name, safe="+@", errors="surrogatepass") or "%"
    if safe[0] == "." or safe.partition(".")[0].casefold() in _DEVICES:
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    if safe[-1] == ".":
        safe = f"{safe[:-1]}%2E"
    if len(safe) > _LONGEST_FOLDER:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        safe = f"{safe[:_LONGEST_FOLDER]}-{digest}"
    return safe


def split(record: Mapping[str, Any], paths: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Part a record from its long texts.

    `{"name": "a", "prompt": "Hello"}` with the path `prompt` gives `{"name": "a", "prompt": {"$text": "prompt.md"}}`
    and `{"prompt.md": "Hello"}`.
    """
    shown = json.loads(json.dumps(record))
    texts: dict[str, str] = {}
    for path in paths:
        for labels, holder, key in _places(shown, path.split(".")):
            value = holder[key]
            # A text that UTF-8 cannot hold stays in the JSON, which escapes it.
            if isinstance(value, str) and _is_plain(value):
                name = _free(".".join(labels), texts)
                texts[name] = value
                holder[key] = {TEXT: name}
    return shown, texts


def _is_plain(text: str) -> bool:
    """Say whether a text file gives back the text as it is: editors add and remove carriage returns and a BOM."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\r" not in text and not text.startswith("\ufeff")


def _free(label: str, taken: Mapping[str, str]) -> str:
    # Some systems take the two ways in which an accented letter can be written for one name, others for two.
    label = unicodedata.normalize("NFC", label)
    label = re.sub(r"[^\w+-]+", ".", label).strip(".")[:_LONGEST_LABEL].strip(".") or "text"
    if label.partition(".")[0].casefold() in _DEVICES:
        label = f"_{label}"
    names = {name.casefold() for name in taken}
    number, name = 1, f"{label}.md"
    while name.casefold() in names:
        number += 1
        name = f"{label}-{number}.md"
    return name


def _places(
    value: Any, path: Sequence[str], labels: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield what names each place of a path, the object or list that holds the place, and the key in it."""
    step, rest = path[0], path[1:]
    keys: list[tuple[str, Any]] = []
    if step == "*" and isinstance(value, list):
        keys = [(_label(item, at), at) for at, item in enumerate(value)]
    elif isinstance(value, dict) and step in value:
        keys = [(step, step)]
    for label, key in keys:
        if rest:
            yield from _places(value[key], rest, (*labels, label))
        else:
            yield (*labels, label), value, key


def _label(item: Any, at: int) -> str:
    names = (item.get(key) for key in ("name", "id")) if isinstance(item, dict) else ()
    return next((name for name in names if isinstance(name, str) and name), str(at))


def _referred(record: Any, paths: Sequence[str]) -> list[tuple[str, Any]]:
    """List the text files that a record refers to, each with the function that puts the text in its place."""
    found: list[tuple[str, Any]] = []
    for path in paths:
        for _, holder, key in _places(record, path.split(".")):
            value = holder[key]
            if isinstance(value, dict) and value.keys() == {TEXT} and isinstance(value[TEXT], str):
                name = value[TEXT]
                if Path(name).name != name or name in {RECORD, PULLED, PENDING, CREATE_KEY, PUSHED, "."}:
                    raise UsageError(f"{RECORD}: {name!r:.80} is not the name of a text file in the record's folder")
                found.append((name, lambda text, holder=holder, key=key: holder.__setitem__(key, text)))
    return found


def _json(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return (text if _is_plain(text) else json.dumps(value, indent=2)) + "\n"


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _read_json(path: Path) -> Any:
    try:
        return read_json(_read_text(path))
    except Unreadable as error:
        raise UsageError(f"{path} {error}") from error


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    draft = path.with_name(f".{path.name.lstrip('.')}.draft")
    with draft.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
