"""Spellings of another program stand for commands of ours, with the words and options that its scripts give."""

from pathlib import Path

import pytest

import retell_ai
from tool_runtime.surfaces.cli.commands import plain_spelling
from tool_runtime.surfaces.cli.session import Session

SESSION = Session(Path(retell_ai.__file__).parent)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("integrations:list --json", "list --json"),
        ("integrations:search retell-ai dial", "search dial"),
        ("integrations:docs retell-ai.create_call", "docs retell-ai.create_call"),
        ("integrations:fields retell-ai --account work", "accounts fields --account work"),
        ("integrations:configure retell-ai --stdin-json", "configure --stdin-json"),
        ("integrations:retell-ai", "docs retell-ai"),
        ("integrations:retell-ai --force create_call --agent-id=a", "call --force create_call --agent-id=a"),
        ("integrations:lua --eval 1", "lua --eval 1"),
        ("mcp:list --all", "mcp list --all"),
        ("mcp:secret:set mcp.a.env.K --stdin", "mcp secret set mcp.a.env.K --stdin"),
        ("mcp:gateway:install --name kosmo", "mcp install --client claude-code --name kosmo"),
        ("mcp:files", "mcp tools files"),
        ("mcp:files read path=/a", "mcp call files.read path=/a"),
        ("mcp:call files.read path=/a", "mcp call files.read path=/a"),
        ("mcp:examples", "docs mcp"),
        ("other:list", "other:list"),
        ("integrations:", "integrations:"),
    ],
)
def test_a_spelling_stands_for_a_command(typed, meant):
    assert plain_spelling(SESSION, typed.split()) == meant.split()
