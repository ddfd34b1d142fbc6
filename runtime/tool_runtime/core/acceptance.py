"""Quick acceptance: which values are certainly valid, told without the validator.

jsonschema judges every value that is not accepted here, and alone words the faults; but it costs more than the whole
rest of a call, and almost every call is right. So a schema's common keywords are compiled to closures that may
answer yes too seldom and never too often: any keyword that is not known here makes the answer no. A property test
holds that promise against the library.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Acceptor = Callable[[Any], bool]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_ANNOTATIONS = frozenset(
    {"description", "title", "example", "examples", "deprecated", "default", "secret", "format", "$comment"}
)
_OBJECT = frozenset({"properties", "required", "additionalProperties"})


class Acceptors:
    """Compiles schemas of one registry; `types` is what `#/types/NAME` refers to."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types
        self._named: dict[str, Acceptor] = {}

    def compile(self, schema: Any) -> Acceptor:
        """Return a predicate: True means that the value is valid, False that nothing is known."""
        if schema is True:
            return _yes
        if not isinstance(schema, Mapping):
            return _no
        tests: list[Acceptor] = []
        for keyword, due in schema.items():
            if keyword in _ANNOTATIONS or keyword in _OBJECT:
                continue
            maker = _MAKERS.get(keyword)
            if maker is None:
                return _no
            tests.append(maker(self, due))
        if not _OBJECT.isdisjoint(schema):
            tests.append(self._object(schema))
        if not tests:
            return _yes
        if len(tests) == 1:
            return tests[0]
        first, second, *others = tests
        if not others:
            return lambda value: first(value) and second(value)
        return lambda value: all(test(value) for test in tests)

    def _object(self, schema: Mapping[str, Any]) -> Acceptor:
        properties = {name: self.compile(part) for name, part in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        rest = schema.get("additionalProperties", True)
        other = self.compile(rest) if rest is not False else _no

        def accept(value: Any) -> bool:
            if type(value) is not dict:
                # Other types satisfy these keywords; a Mapping that is no dict is left to the library.
                return not isinstance(value, Mapping)
            for name in required:
                if name not in value:
                    return False
            return all(properties.get(name, other)(part) for name, part in value.items())

        return accept

    def ref(self, target: str) -> Acceptor:
        """Return the predicate of a named type; recursion is resolved when it is first used."""
        name = target.removeprefix("#/types/")
        if name not in self._types:
            return _no

        def accept(value: Any) -> bool:
            found = self._named.get(name)
            if found is None:
                found = self._named[name] = self.compile(self._types[name])
            return found(value)

        return accept


def _yes(_: Any) -> bool:
    return True


def _no(_: Any) -> bool:
    return False


def _type(_: Acceptors, due: Any) -> Acceptor:
    kinds = tuple(kind for name in ([due] if isinstance(due, str) else due) for kind in _TYPES.get(name, ()))
    if len(kinds) == 1:
        kind = kinds[0]
        return lambda value: type(value) is kind
    return lambda value: type(value) in kinds


def _enum(_: Acceptors, due: Any) -> Acceptor:
    texts = frozenset(value for value in due if isinstance(value, str))
    has_null = None in due
    return lambda value: value in texts if type(value) is str else value is None and has_null


def _items(acceptors: Acceptors, due: Any) -> Acceptor:
    accept = acceptors.compile(due)
    return lambda value: all(map(accept, value)) if type(value) is list else not isinstance(value, list)


def _any_of(acceptors: Acceptors, due: Any) -> Acceptor:
    branches = [acceptors.compile(part) for part in due]
    return lambda value: any(branch(value) for branch in branches)


def _all_of(acceptors: Acceptors, due: Any) -> Acceptor:
    branches = [acceptors.compile(part) for part in due]
    return lambda value: all(branch(value) for branch in branches)


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[Acceptors, Any], Acceptor]:
    def make(_: Acceptors, due: Any) -> Acceptor:
        return lambda value: compare(value, due) if type(value) in (int, float) else type(value) in (str, bool)

    return make


def _size(kind: Any, compare: Callable[[int, int], bool]) -> Callable[[Acceptors, Any], Acceptor]:
    def make(_: Acceptors, due: Any) -> Acceptor:
        def accept(value: Any) -> bool:
            return compare(len(value), due) if type(value) is kind else not isinstance(value, kind)

        return accept

    return make


def _pattern(_: Acceptors, due: Any) -> Acceptor:
    search = re.compile(due).search
    return lambda value: search(value) is not None if type(value) is str else not isinstance(value, str)


_MAKERS: Mapping[str, Callable[[Acceptors, Any], Acceptor]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda acceptors, due: _enum(acceptors, [due]),
    "items": _items,
    "anyOf": _any_of,
    "allOf": _all_of,
    "$ref": lambda acceptors, due: acceptors.ref(due),
    "minimum": _number(lambda value, due: value >= due),
    "maximum": _number(lambda value, due: value <= due),
    "exclusiveMinimum": _number(lambda value, due: value > due),
    "exclusiveMaximum": _number(lambda value, due: value < due),
    "minLength": _size(str, lambda size, due: size >= due),
    "maxLength": _size(str, lambda size, due: size <= due),
    "minItems": _size(list, lambda size, due: size >= due),
    "maxItems": _size(list, lambda size, due: size <= due),
    "pattern": _pattern,
}
