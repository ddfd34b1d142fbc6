"""What a caller passes becomes plain JSON of its own, or faults; never another exception."""

import json
import re
import sys
from collections import OrderedDict, UserDict, namedtuple
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, localcontext
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool_runtime.values.snapshots import MAX_DEPTH, MAX_FAULTS, snapshot

PLAIN = {dict, list, str, int, float, bool, type(None)}


class Text(str):  # noqa: SLOT000 - as callers write them
    def __str__(self):
        return "another text"


class Count(int):
    def __int__(self):
        return 7

    def __str__(self):
        return "7"


class Share(float):
    def __float__(self):
        return 0.5


class Order(str, Enum):  # noqa: UP042 - the older kind, whose str() is not its value
    UP = "ascending"


class Kind(StrEnum):
    A = "a"


class Level(IntEnum):
    HIGH = 3


class Colour(Enum):
    RED = "red"
    PAIR = (1, 2)


class Lying(dict):
    def items(self):
        return [("other", 1)]

    def __iter__(self):
        return iter(["other"])


class Listed(list):
    def __iter__(self):
        return iter(["other"])


class Raising(Mapping):
    def __init__(self, error):
        self.error = error

    def __getitem__(self, key):
        raise self.error

    def __iter__(self):
        raise self.error

    def __len__(self):
        raise self.error


class Endless(Mapping):
    """Holds itself twice under every key, and never ends."""

    def __getitem__(self, key):
        return self

    def __iter__(self):
        number = 0
        while True:
            number += 1
            yield f"key{number}"

    def __len__(self):
        return 1


class Twice(Mapping):
    def __getitem__(self, key):
        return 1

    def __iter__(self):
        return iter(["a", "a"])

    def __len__(self):
        return 1


class Crooked(Mapping):
    def items(self):
        return [("a", 1, 2)]

    __getitem__ = __iter__ = __len__ = None


class Index:
    def __index__(self):
        raise ZeroDivisionError


class Masked:
    @property
    def __class__(self):
        raise ZeroDivisionError


class Unnamed(type):
    @property
    def __name__(cls):
        raise ZeroDivisionError


class NoOffset(tzinfo):
    def utcoffset(self, moment):
        raise ZeroDivisionError


class BytesPath:
    def __fspath__(self):
        return b"/tmp"


class BrokenPath:
    def __fspath__(self):
        raise OSError


def taken(value, place="data", **bounds):
    faults = []
    copy = snapshot(value, place, faults, **bounds)
    assert faults == []
    return copy


def refused(value, place="data", **bounds):
    faults = []
    snapshot(value, place, faults, **bounds)
    return [(fault.path, fault.code) for fault in faults]


def kinds(value):
    yield type(value)
    for part in value.values() if type(value) is dict else value if type(value) is list else ():
        yield from kinds(part)
    if type(value) is dict:
        yield from map(type, value)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (Text("abc"), "abc"),
        (Count(5), 5),
        (Share(0.25), 0.25),
        (Order.UP, "ascending"),
        (Kind.A, "a"),
        (Level.HIGH, 3),
        (Colour.RED, "red"),
        (Colour.PAIR, [1, 2]),
        ((1, ("a",)), [1, ["a"]]),
        (namedtuple("Point", "x y")(1, 2), [1, 2]),  # noqa: PYI024 - an untyped one is what is tested
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        (UserDict({"a": Order.UP}), {"a": "ascending"}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Lying(a=1), {"a": 1}),
        (Listed([1]), [1]),
        ({Order.UP: 1, Text("b"): 2}, {"ascending": 1, "b": 2}),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30, tzinfo=UTC), "2026-03-01T09:30:00+00:00"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01T09:30:00"),  # noqa: DTZ001 - a time without a zone stays so
        (time(9, 30), "09:30:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("a/b"), "a/b"),
        (Decimal("0.10"), 0.1),
        (Decimal("1E+2"), 100),
        (Decimal(2**255), 2**255),
        (Decimal("-1.5"), -1.5),
        (2**256 - 1, 2**256 - 1),
        ("é\U0001f600", "é\U0001f600"),
        (-0.0, -0.0),
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value]}, lambda value: [{"é": value}]])
def test_a_value_counts_as_what_it_plainly_means_at_any_place(value, meaning, wrap):
    copy = taken(wrap(value))

    assert copy == wrap(meaning)
    assert set(kinds(copy)) <= PLAIN


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset(),
        b"x",
        bytearray(),
        memoryview(b"x"),
        object(),
        object,
        1j,
        range(3),
        iter([1]),
        timedelta(1),
        float("nan"),
        float("inf"),
        Share("-inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("0.10000000000000000000001"),
        Decimal("1E+1000000"),
        Decimal("1E-1000000"),
        Decimal(2**256),
        2**256,
        -(10**5000),
        Count(10**5000),
        "\ud800",
        Text("a\udfff"),
        {"\ud800": 1},
        {Text("\ud800"): 1},
        {1: "a"},
        {None: 1},
        {(1,): 1},
        {Level.HIGH: 1},
        {"a": 1, Colour.RED: 2},
        Index(),
        Raising(ValueError()),
        Raising(RecursionError()),
        Raising(MemoryError()),
        Raising(KeyError("a")),
        Crooked(),
        Twice(),
        datetime(2026, 1, 1, tzinfo=NoOffset()),
        BytesPath(),
        BrokenPath(),
        Unnamed("Thing", (), {})(),
        lambda: None,
    ],
    ids=lambda value: str(type(type(value))),
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value]}, lambda value: ({"a": value},)])
def test_what_json_cannot_hold_is_a_fault_and_no_other_exception(value, wrap):
    ((path, code),) = refused(wrap(value))

    assert re.match(r"data(\[0\])?(\.a(\[0\])?)?", path).end() == len(path) or code == "conflict"


def test_a_value_that_raises_when_asked_for_its_class_is_a_fault():
    assert refused({"a": Masked()}) == [("data.a", "type")]


def test_faults_name_the_place_of_each_value():
    value = {"a": [1, {"b": b"x"}], "c": {"d": float("nan"), "e": {3: 4}}}

    assert refused(value, "metadata") == [
        ("metadata.a[1].b", "type"),
        ("metadata.c.d", "value"),
        ("metadata.c.e", "type"),
    ]


def test_below_an_empty_place_a_key_stands_alone():
    assert refused({"metadata": {"a": b"x"}}, "") == [("metadata.a", "type")]


def test_a_copy_does_not_follow_what_the_caller_changes_later():
    value = {"a": [1, {"b": ["x"]}], "c": "text", "d": {"e": "f"}}
    copies = [taken(value), taken({"flat": "text"}), taken(value["a"])]
    kept = json.dumps(copies)

    value["a"][1]["b"].append("y")
    value["a"].clear()
    value["d"]["e"] = "g"

    assert json.dumps(copies) == kept


def test_a_flat_object_is_copied_too():
    value = {"a": "b"}

    assert taken(value) is not value


def cycle(make):
    value = make()
    if isinstance(value, list):
        value += [value, value]
    else:
        value |= {"a": value, "b": [value]}
    return value


@pytest.mark.parametrize("value", [cycle(list), cycle(dict), Endless()], ids=["list", "object", "mapping"])
def test_what_holds_itself_ends_with_one_fault(value):
    assert len(refused(value, most_parts=1000)) == 1


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_has_a_bound():
    assert taken(nested(MAX_DEPTH + 1)) == nested(MAX_DEPTH + 1)
    assert len(refused(nested(MAX_DEPTH + 2))) == 1
    assert len(refused(nested(100_000))) == 1


def test_the_number_of_parts_has_a_bound():
    assert taken({"a": [1] * 98}, most_parts=99) == {"a": [1] * 98}
    assert refused({"a": [1] * 99}, most_parts=99) == [("data", "value")]
    assert refused({str(n): "x" for n in range(100)}, most_parts=99) == [("data", "value")]
    assert refused(MappingProxyType({str(n): "x" for n in range(100)}), most_parts=99) == [("data", "value")]


def test_an_object_that_is_shared_by_many_is_counted_each_time():
    value = []
    for _ in range(30):
        value = [value, value]

    assert refused(value, most_parts=1000) == [("data", "value")]


def test_a_value_with_endless_faults_names_the_first_ones():
    assert len(refused([b"x"] * 10_000)) == MAX_FAULTS


def test_a_caller_deep_in_its_own_recursion_gets_a_fault():
    def deep(levels):
        if levels:
            return deep(levels - 1)
        return refused(nested(40))

    limit = sys.getrecursionlimit()
    depth = next(n for n in range(limit, 0, -1) if _holds(lambda n=n: deep(n)))

    assert deep(depth) == [("data", "value")]


def _holds(call):
    try:
        call()
    except RecursionError:
        return False
    return True


def test_a_decimal_is_judged_alike_in_every_decimal_context():
    with localcontext() as context:
        context.prec = 2
        context.traps = dict.fromkeys(context.traps, True)

        assert taken(Decimal("1.2345")) == 1.2345
        assert refused(Decimal("0.12345678901234567890")) == [("data", "value")]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.decimals()
    | st.dates()
    | st.uuids()
    | st.binary(max_size=2)
    | st.sampled_from([Order.UP, Level.HIGH, Colour.PAIR, Text("é"), Count(9)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(st.characters(), max_size=3) | st.integers(), inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2).map(MappingProxyType)
    ),
)


@given(values)
def test_what_is_taken_encodes_and_decodes_to_itself(value):
    faults = []
    copy = snapshot(value, "data", faults)

    if not faults:
        text = json.dumps(copy, allow_nan=False, ensure_ascii=False).encode()
        assert json.loads(text) == copy
        assert set(kinds(copy)) <= PLAIN
        assert taken(copy) == copy


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_that_is_taken_has_its_very_value_on_the_wire(value):
    faults = []
    copy = snapshot(value, "data", faults)

    assert faults or Decimal(json.dumps(copy)) == value
