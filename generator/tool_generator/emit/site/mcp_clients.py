"""How six MCP clients are set up: their own commands, files and links.

No key stands in any of them: the server that a client starts reads the accounts of its user.

This module knows where clients keep their settings, and their links. The entries themselves are those of the command
`mcp config`. It must not know about pages.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tool_generator.emit.reference.functions import Code
from tool_runtime.core.tools import Api
from tool_runtime.surfaces.mcp.client_files import Wanted, entry_for


@dataclass(frozen=True, slots=True)
class McpClient:
    """One client: where its settings lie, what stands there, and a link that installs the server, if it takes one."""

    name: str
    slug: str
    where: str
    code: Code
    link: str = ""


def mcp_clients(api: Api) -> Iterator[McpClient]:
    """Yield the set-up of each client for the server of an API: the entries that `mcp config` prints."""
    wanted = Wanted(api.command, api.command, ("mcp", "serve"), f"{api.environment}_API_KEY", "")

    def shown(client: str) -> Code:
        path, entry = entry_for(client, wanted)
        return _json({path[0]: {path[1]: entry}})

    yield McpClient(
        "Claude Code",
        "claude-code",
        "A command; with `--scope project` it writes `.mcp.json` for everybody who works on the project",
        Code("sh", f"claude mcp add {api.command} -- {api.command} mcp serve"),
    )
    yield McpClient(
        "Claude Desktop",
        "claude-desktop",
        "Settings, Developer, Edit Config: `claude_desktop_config.json`. A program with a window may not find the "
        f"command: then write its whole path, which `{api.command} mcp config --client claude-desktop` prints",
        shown("claude-desktop"),
    )
    yield McpClient(
        "Cursor",
        "cursor",
        "`.cursor/mcp.json` of a project, or `~/.cursor/mcp.json`",
        shown("cursor"),
        _cursor(api.command, entry_for("cursor", wanted)[1]),
    )
    yield McpClient(
        "VS Code",
        "vscode",
        "`.vscode/mcp.json` of a project",
        shown("vscode"),
        _vscode(api.command, entry_for("vscode", wanted)[1]),
    )
    yield McpClient("Windsurf", "windsurf", "`~/.codeium/windsurf/mcp_config.json`", shown("windsurf"))
    (table, name), entry = entry_for("codex", wanted)
    # TOML takes a JSON text for a text, and a JSON list of texts for a list.
    lines = (f"{key} = {json.dumps(value)}" for key, value in entry.items())
    toml = "\n".join((f"[{table}.{name}]", *lines))
    yield McpClient(
        "Codex", "codex", "`.codex/config.toml` of a project, or `~/.codex/config.toml`", Code("toml", toml)
    )


def _json(value: object) -> Code:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # A list of two short texts reads best on one line.
    return Code("json", re.sub(r'\[\s+("[^"]*"),\s+("[^"]*")\s+\]', r"[\1, \2]", text))


def _cursor(name: str, entry: Mapping[str, object]) -> str:
    config = base64.b64encode(json.dumps(entry).encode()).decode()
    return f"cursor://anysphere.cursor-deeplink/mcp/install?name={quote(name)}&config={quote(config)}"


def _vscode(name: str, entry: Mapping[str, object]) -> str:
    return "vscode:mcp/install?" + quote(json.dumps({"name": name, **entry}))
