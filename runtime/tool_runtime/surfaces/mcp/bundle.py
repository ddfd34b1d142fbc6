"""Bundles and the registry: a `.mcpb` that a desktop client installs, and the `server.json` of the registry.

Both are made of the head of the package and of the registry of tools, and are checked before they are written: a wrong
one is found by whoever installs it, and that is too late.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from tool_runtime.errors import ConfigurationError
from tool_runtime.surfaces.common.package import Package

MANIFEST_VERSION = "0.4"
SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
LONGEST_DESCRIPTION = 100
# A fixed moment, so that the same package gives the same bytes.
MOMENT = (2020, 1, 1, 0, 0, 0)
_SERVER_NAME = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9.-]*[A-Za-z0-9]/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
)
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:[-+.][0-9A-Za-z.-]+)?")
_ENTRY = '''"""Starts the server of a bundle with what its user filled in."""

import os
import sys

from {module}.__main__ import main

for name, value in list(os.environ.items()):
    if name.startswith("{prefix}_") and (not value.strip() or "${{" in value):
        del os.environ[name]
write = os.environ.pop("{prefix}_BUNDLE_WRITE", "deny")
sys.argv[1:] = ["mcp", "serve", *{words!r}, "--write", write if write in ("deny", "ask", "allow") else "deny"]
main()
'''


def bundle(package: Package, words: Sequence[str] = ()) -> bytes:
    """Return the bytes of a `.mcpb`: the same for the same package.

    `words` choose the account, such as `["--account", "production"]` or `["--sandbox"]`; then nobody gives a key.
    """
    api = package.api
    distribution, version = str(api.get("distribution") or api["name"]), str(api["version"])
    manifest = manifest_of(package, asks_for_key=not words)
    check_manifest(manifest)
    entry = _ENTRY.format(module=api["name"], prefix=api["environment"], words=list(words))
    project = (
        f'[project]\nname = "{distribution}-bundle"\nversion = "{version}"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["{distribution}[mcp,lua]=={version}"]\n'
    )
    files = {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "server.py": entry}
    files["pyproject.toml"] = project
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, MOMENT)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, files[name])
    return data.getvalue()


def manifest_of(package: Package, *, asks_for_key: bool = True) -> dict[str, Any]:
    """Return the manifest of a bundle. With `asks_for_key`, whoever installs the bundle may fill in a key."""
    api, registry = package.api, package.registry
    distribution, prefix = str(api.get("distribution") or api["name"]), str(api["environment"])
    run: dict[str, Any] = {
        "command": "uv",
        "args": ["run", "--directory", "${__dirname}", "server.py"],
        "env": {f"{prefix}_API_KEY": "${user_config.api_key}", f"{prefix}_BUNDLE_WRITE": "${user_config.write}"},
    }
    known: dict[str, Any] = {
        "manifest_version": MANIFEST_VERSION,
        "name": distribution,
        "display_name": f"{api['title']} tools",
        "version": str(api["version"]),
        "description": _short(str(api.get("summary") or api["title"]), LONGEST_DESCRIPTION),
        "long_description": f"{api.get('summary') or api['title']} {len(registry.tools)} tools, found by words, read as"
        " pages, and called one by one. Reads only, unless whoever installs the bundle says otherwise.",
        "author": {"name": f"{distribution} contributors"},
        "license": "MIT",
        "server": {"type": "uv", "entry_point": "server.py", "mcp_config": run},
        "tools": [
            {"name": "search_tools", "description": "Find tools by words."},
            {"name": "read_docs", "description": "Read a page of the reference."},
            {"name": "call_tool", "description": "Call one tool."},
            {"name": "wait_for", "description": "Wait for a state."},
        ],
        "prompts_generated": True,
        "compatibility": {"runtimes": {"python": ">=3.11"}},
        "user_config": {
            "api_key": {
                "type": "string",
                "title": "API key",
                "description": "Kept by the client. Leave empty to use the accounts file.",
                "sensitive": True,
                "required": False,
                "default": "",
            },
            "write": {
                "type": "string",
                "title": "Writes",
                "description": "deny, ask (you say yes to each) or allow.",
                "required": False,
                "default": "deny",
            },
        },
    }
    if not asks_for_key:
        del known["user_config"]["api_key"], run["env"][f"{prefix}_API_KEY"]
    documentation = api.get("documentation")
    return known | ({"documentation": documentation} if documentation else {})


_MANIFEST_KEYS = {
    "$schema", "manifest_version", "name", "display_name", "version", "description", "long_description", "author",
    "repository", "homepage", "documentation", "support", "icon", "icons", "screenshots", "localization", "server",
    "tools", "tools_generated", "prompts", "prompts_generated", "keywords", "license", "privacy_policies",
    "compatibility", "user_config",
}  # fmt: skip


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Check a manifest by the rules of its version. Raises `ConfigurationError` with every problem."""
    problems = [f"there is no key {key!r}" for key in manifest if key not in _MANIFEST_KEYS]
    needed = ("manifest_version", "name", "version", "description", "author", "server")
    problems += [f"{key} is missing" for key in needed if not manifest.get(key)]
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", str(manifest.get("name", ""))):
        problems.append(f"name {manifest.get('name')!r} has other characters than a-z, 0-9, '.', '_' and '-'")
    problems += [] if _VERSION.fullmatch(str(manifest.get("version", ""))) else ["version is no version"]
    server = manifest.get("server") or {}
    problems += [f"server.{key} is missing" for key in ("type", "entry_point", "mcp_config") if not server.get(key)]
    config = server.get("mcp_config") or {}
    known = set(manifest.get("user_config") or {})
    for text in [*config.get("args", ()), *(config.get("env") or {}).values()]:
        problems += [
            f"{text!r} names no user_config"
            for name in re.findall(r"\$\{user_config\.(\w+)\}", text)
            if name not in known
        ]
    for name, setting in (manifest.get("user_config") or {}).items():
        problems += [
            f"user_config.{name}.{key} is missing" for key in ("type", "title", "description") if not setting.get(key)
        ]
        if setting.get("type") not in {"string", "number", "boolean", "directory", "file"}:
            problems.append(f"user_config.{name}.type is {setting.get('type')!r}")
    if problems:
        raise ConfigurationError(f"the manifest is wrong: {'; '.join(problems)}")


def server_json(package: Package, name: str) -> dict[str, Any]:
    """Return the registry's description of the server; `name` is its name there: `io.github.somebody/tools`.

    Raises `ConfigurationError` with every problem.
    """
    api = package.api
    distribution, prefix = str(api.get("distribution") or api["name"]), str(api["environment"])
    command = str(api.get("command") or distribution)
    document = {
        "$schema": SERVER_SCHEMA,
        "name": name,
        "title": f"{api['title']} tools",
        "description": _short(str(api.get("summary") or api["title"]), LONGEST_DESCRIPTION),
        "version": str(api["version"]),
        "packages": [
            {
                "registryType": "pypi",
                "identifier": distribution,
                "version": str(api["version"]),
                "runtimeHint": "uvx",
                "runtimeArguments": [
                    {"type": "named", "name": "--from", "value": f"{distribution}[mcp]=={api['version']}"},
                ],
                "packageArguments": [
                    *([] if command == distribution else [{"type": "positional", "value": command}]),
                    {"type": "positional", "value": "mcp"},
                    {"type": "positional", "value": "serve"},
                ],
                "transport": {"type": "stdio"},
                "environmentVariables": [
                    {
                        "name": f"{prefix}_API_KEY",
                        "description": "The key of the default account. Without one, the accounts file is used.",
                        "isRequired": False,
                        "isSecret": True,
                    },
                    {
                        "name": f"{prefix}_SANDBOX",
                        "description": "1: use the local stand-in, which needs no key and rings no phone.",
                        "isRequired": False,
                        "isSecret": False,
                    },
                ],
            }
        ],
    }
    check_server_json(document)
    return document


def check_server_json(document: Mapping[str, Any]) -> None:
    """Check a `server.json` by the rules of the registry. Raises `ConfigurationError` with every problem."""
    problems = []
    if document.get("$schema") != SERVER_SCHEMA:
        problems.append(f"$schema is not {SERVER_SCHEMA}")
    name = str(document.get("name", ""))
    if not _SERVER_NAME.fullmatch(name):
        problems.append(f"name {name!r} is not reverse DNS with one slash, such as io.github.somebody/tools")
    for key, longest in (("name", 200), ("title", 100)):
        length = len(str(document.get(key, "")))
        problems += [] if length <= longest else [f"{key} has {length} characters, and at most {longest} are allowed"]
    description = str(document.get("description", ""))
    if not 1 <= len(description) <= LONGEST_DESCRIPTION:
        problems.append(f"description has {len(description)} characters, and at most {LONGEST_DESCRIPTION} are allowed")
    version = str(document.get("version", ""))
    problems += [] if _VERSION.fullmatch(version) else [f"version {version!r} is no exact version"]
    for at, one in enumerate(document.get("packages", ())):
        if one.get("version") != version:
            problems.append(f"packages[{at}].version is {one.get('version')!r}, and the server's is {version!r}")
        for key in ("registryType", "identifier", "transport"):
            problems += [] if one.get(key) else [f"packages[{at}].{key} is missing"]
        transport = (one.get("transport") or {}).get("type")
        if one.get("transport") and transport not in {"stdio", "streamable-http", "sse"}:
            problems.append(f"packages[{at}].transport.type is {transport!r}")
        for part in ("runtimeArguments", "packageArguments"):
            for place, argument in enumerate(one.get(part, ())):
                kind = argument.get("type")
                lacking = "name" if kind == "named" else "value"
                if kind not in {"named", "positional"} or not argument.get(lacking):
                    problems.append(f"packages[{at}].{part}[{place}] lacks its type or its {lacking}")
    if not document.get("packages"):
        problems.append("packages is missing")
    if problems:
        raise ConfigurationError(f"server.json is wrong: {'; '.join(problems)}")


def _short(text: str, longest: int) -> str:
    """Return the first sentence, or as many words as fit."""
    sentence = text.split(". ", maxsplit=1)[0].strip()
    if len(sentence) <= longest:
        return sentence
    cut = sentence[: longest - 1].rsplit(" ", 1)[0]
    clause = cut.rpartition(",")[0]
    return (clause if len(clause) > longest // 2 else cut).rstrip(",;:") + "."
