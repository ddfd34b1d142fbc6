"""Whatever a spec holds, validating it ends in problems or in a registry that can be read whole."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tool_generator.generate import compile_spec
from tool_generator.problems import SpecProblems
from tool_runtime.values.validation import Validator

from .conftest import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES: dict[str, Any] = {
    path.relative_to(LIBRARY).as_posix(): yaml.safe_load(path.read_text("utf-8")) for path in LIBRARY.rglob("*.yaml")
}
KEYS = (
    "$ref", "allOf", "body", "cases", "class", "effects", "entries", "form", "idempotency", "in", "keys", "numbers",
    "pattern", "resource", "retry", "schema", "shape", "steps", "tool", "undo", "webhooks", "wire", "with", "",
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 1.5, 10**30, "", "(", "$", "$x", "$x.y", "{", "Book", "Bok", "\r\n", "\u00e4", "..", "*",
    "get_book", [], [None], [[]], ["$a"], [{"$ref": "Book"}], {}, {"": 1}, {"$ref": "Book"}, {"$ref": 1},
    {"type": []}, {"allOf": []}, {"anyOf": [{"$ref": "Category"}]}, {"pattern": "("}, {"multipleOf": 0},
    {"properties": True}, {"$first": []}, {"keys": {"a": {"shape": "filter"}}},
)  # fmt: skip


class Plain(yaml.SafeDumper):
    """Writes values in full where they repeat: specs know no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def holders(value: Any) -> Iterator[Any]:
    """Yield every mapping and list within a value that holds something."""
    if isinstance(value, (dict, list)) and value:
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from holders(item)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Give the files of a sound spec with one to three places changed."""
    files = copy.deepcopy(FILES)
    for _ in range(draw(st.integers(1, 3))):
        places = list(holders(files[draw(st.sampled_from(sorted(files)))]))
        if not places:
            continue
        place = draw(st.sampled_from(places))
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        value = copy.deepcopy(draw(st.sampled_from([*VALUES, draw(st.sampled_from(places))])))
        change = draw(st.sampled_from(["set", "add", "remove"]))
        if change == "remove":
            del place[key]
        elif change == "add" and isinstance(place, dict):
            place[draw(st.sampled_from(KEYS))] = value
        else:
            place[key] = value
    return files


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=damaged())
def test_a_damaged_spec_ends_in_problems_or_in_a_registry_that_can_be_read(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.dump(content, Dumper=Plain, sort_keys=False, allow_unicode=True), "utf-8")
        try:
            registry = compile_spec(Path(folder)).registry
        except SpecProblems:
            return
    validator = Validator(registry.types)
    for tool in registry.tools.values():
        for parameter in tool.parameters.values():
            validator.accepts(parameter.accepted, {})
        validator.accepts(tool.returns.schema or {}, {})
    for entries in (registry.waiters, registry.page_styles, registry.groups, registry.resources):
        assert len(list(entries.values())) == len(entries)
