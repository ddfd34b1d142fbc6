"""Scripts over the sandbox, and over test tools that answer without one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lua_answers import Answers

from retell_ai import Client, Sandbox
from tool_runtime.surfaces.lua.lua_session import LuaSession, run_lua
from tool_runtime.surfaces.lua.script_results import LuaResult


@pytest.fixture(scope="session")
def sandboxed() -> Iterator[Client]:
    with Client(sandbox=Sandbox(examples=True)) as made:
        yield made


@pytest.fixture
def lua() -> Iterator[Callable[..., LuaResult]]:
    """Run a script on a sandbox of the test's own."""
    with Client(sandbox=Sandbox(examples=True)) as client:

        def run(source: str, **options: Any) -> LuaResult:
            return run_lua(client, source, **options)

        yield run


@pytest.fixture(scope="session")
def answered(sandboxed: Client) -> Iterator[Callable[..., LuaResult]]:
    """Run a script over the test tools."""
    with LuaSession(sandboxed, namespaces=[Answers()]) as session:
        yield session.run
