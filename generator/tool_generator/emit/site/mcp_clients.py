"""How six MCP clients are set up: their own commands, files and links.

No key stands in any of them: the server that a client starts reads the accounts of its user.

This module knows the formats of the clients. It must not know about pages.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tool_generator.emit.reference.functions import Code
from tool_runtime.core.tools import Api


@dataclass(frozen=True, slots=True)
class McpClient:
    """One client: where its settings lie, what stands there, and a link that installs the server, if it takes one."""

    name: str
    slug: str
    where: str
    code: Code
    link: str = ""


def mcp_clients(api: Api) -> Iterator[McpClient]:
    """Yield the set-up of each client for the server of an API."""
    entry = {"command": api.command, "args": ["mcp", "serve"]}
    usual = _json({"mcpServers": {api.slug: entry}})
    yield McpClient(
        "Claude Code",
        "claude-code",
        "A command; with `--scope project` it writes `.mcp.json` for everybody who works on the project",
        Code("sh", f"claude mcp add {api.slug} -- {api.command} mcp serve"),
    )
    yield McpClient(
        "Claude Desktop", "claude-desktop", "Settings, Developer, Edit Config: `claude_desktop_config.json`", usual
    )
    yield McpClient(
        "Cursor", "cursor", "`.cursor/mcp.json` of a project, or `~/.cursor/mcp.json`", usual, _cursor(api, entry)
    )
    yield McpClient(
        "VS Code",
        "vscode",
        "`.vscode/mcp.json` of a project",
        _json({"servers": {api.slug: {"type": "stdio", **entry}}}),
        _vscode(api, entry),
    )
    yield McpClient("Windsurf", "windsurf", "`~/.codeium/windsurf/mcp_config.json`", usual)
    # TOML takes a JSON text for a text, and a JSON list of texts for a list.
    toml = f"[mcp_servers.{api.slug}]\ncommand = {json.dumps(api.command)}\nargs = {json.dumps(entry['args'])}"
    yield McpClient("Codex", "codex", "`~/.codex/config.toml`", Code("toml", toml))


def _json(value: object) -> Code:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # A list of two short texts reads best on one line.
    return Code("json", re.sub(r'\[\s+("[^"]*"),\s+("[^"]*")\s+\]', r"[\1, \2]", text))


def _cursor(api: Api, entry: object) -> str:
    config = base64.b64encode(json.dumps(entry).encode()).decode()
    return f"cursor://anysphere.cursor-deeplink/mcp/install?name={quote(api.slug)}&config={quote(config)}"


def _vscode(api: Api, entry: Mapping[str, object]) -> str:
    return "vscode:mcp/install?" + quote(json.dumps({"name": api.slug, **entry}))
