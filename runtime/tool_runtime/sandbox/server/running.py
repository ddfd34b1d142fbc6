"""The files by which others learn that a sandbox listens: that of --ready-file, and that in the user's state folder.

Importing this module loads neither uvicorn nor httpx: a command asks with each call whether a sandbox runs.
"""

import http.client
import json
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tool_runtime.sandbox.server.admin_path import PREFIX

RUNNING_FILE: Final = "sandbox.json"
_PATIENCE: Final = 2


def write_file(path: Path, content: dict[str, Any]) -> None:
    """Write JSON to a file in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(content) + "\n", encoding="utf-8")
    beside.replace(path)


def running_url(folder: Path, api: str) -> str | None:
    """Return the address of the sandbox of an API that the user runs, as the file in their state folder says.

    None without one. A file that a killed server has left behind does not count: the server must answer.
    """
    try:
        url = json.loads((folder / RUNNING_FILE).read_text(encoding="utf-8"))["url"]
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)
        try:
            connection.request("GET", f"{PREFIX}/health")
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return str(url) if told.get("sandbox") == api else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, http.client.HTTPException):
        return None
