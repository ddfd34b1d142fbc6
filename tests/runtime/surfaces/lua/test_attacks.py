"""Attacks: every script that tries to get out, to hang the host or to take too much; after each, the host works.

The first line of a script says what is expected: `blocked` (an error), `limited` (a limit that is named) or `harmless`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lua_answers import Answers

from retell_ai import Client, Sandbox
from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.script_limits import LuaLimits
from tool_runtime.surfaces.lua.script_results import LuaResult

ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.lua"))
HEAP = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def session() -> Iterator[LuaSession]:
    limits = LuaLimits(cpu=0.3, wall=20, memory=HEAP)
    with Client(sandbox=Sandbox()) as client, LuaSession(client, limits=limits, namespaces=[Answers()]) as made:
        yield made


def kind(result: LuaResult) -> str:
    if result.success:
        return "harmless"
    assert result.error is not None
    return "limited" if result.error.limit else "blocked"


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_an_attack_ends_as_expected_and_the_host_goes_on(path: Path, session: LuaSession):
    source = path.read_text(encoding="utf-8")
    expected = re.match(r"-- expect: (\w+)", source)[1]
    result = session.run(source)
    shown = json.dumps(result.to_dict())
    assert kind(result) == expected, shown[:2000]
    assert "ESCAPED" not in shown.replace('ESC\\" .. \\"APED', "")
    assert session.run("return 1 + 1").result == 2
