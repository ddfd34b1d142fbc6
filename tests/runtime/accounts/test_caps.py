"""Caps: what counts, when there is room again, and which written numbers are one telephone."""

import pickle

import pytest
from ledger_cases import NOW, intent

from tool_runtime.accounts.caps import CapReached, Caps, Counted, check_caps
from tool_runtime.errors import ConfigurationError, PolicyRefused

MINUTE, DAY = 60_000, 86_400_000


def counted(age_ms, *, root=None, step=False, dials=1, spends=1):
    return Counted(root or f"call_{age_ms}", NOW - age_ms, step, dials, spends)


def reached(caps, earlier=(), **changes):
    with pytest.raises(CapReached) as caught:
        check_caps(caps, intent("new", **changes), earlier)
    return caught.value


def test_a_reached_cap_names_itself_the_limit_the_count_and_when_there_is_room():
    error = reached(Caps(dials_per_minute=2), [counted(50_000), counted(10_000)])
    assert (error.cap, error.limit, error.count, error.retry_after) == ("dials_per_minute", 2, 2, 10)
    assert "dials_per_minute" in str(error)
    assert "2 of 2" in str(error)
    assert "10 s" in str(error)
    assert (error.outcome, error.retryable) == ("not_sent", True)
    assert isinstance(error, PolicyRefused)
    assert error.to_dict()["code"] == "cap_reached"
    assert pickle.loads(pickle.dumps(error)).to_dict() == error.to_dict()


@pytest.mark.parametrize(
    ("caps", "window"),
    [(Caps(dials_per_minute=1), MINUTE), (Caps(dials_per_day=1), DAY), (Caps(spends_per_day=1), DAY)],
    ids=["minute", "day", "spends"],
)
def test_an_entry_leaves_a_window_at_the_millisecond(caps, window):
    assert reached(caps, [counted(window - 1)]).retry_after == 1
    check_caps(caps, intent("new"), [counted(window)])


def test_room_comes_when_enough_entries_have_left_where_more_than_the_limit_were_made():
    earlier = [counted(age * 1000) for age in (10, 20, 30, 40)]
    assert reached(Caps(dials_per_minute=2), earlier).retry_after == 40


def test_what_a_call_does_not_do_is_not_capped():
    full = [counted(1), counted(2)]
    check_caps(Caps(dials_per_minute=0, dials_per_day=0), intent("new", effects=("spend",)), full)
    check_caps(Caps(spends_per_day=0), intent("new", effects=("dial", "publish")), full)


def test_a_cap_of_nothing_never_has_room():
    error = reached(Caps(dials_per_day=0))
    assert (error.count, error.retry_after, error.retryable) == (0, None, False)


def test_a_batch_weighs_as_many_as_the_numbers_that_ring():
    numbers = tuple(f"+1415555010{last}" for last in range(5))
    check_caps(Caps(dials_per_minute=5), intent("new", numbers=numbers), [])
    assert reached(Caps(dials_per_minute=5), [counted(1000)], numbers=numbers).count == 1
    assert reached(Caps(dials_per_minute=4), numbers=numbers).retry_after is None
    assert reached(Caps(dials_per_minute=5), [counted(1000, dials=5)]).count == 5


def test_an_entry_of_the_future_counts_because_a_clock_was_set_back():
    assert reached(Caps(dials_per_minute=1), [counted(-5000)]).retry_after == 65


def test_steps_weigh_more_than_the_composed_tool_announced_only_by_what_is_more():
    family = [counted(3, root="c"), counted(2, root="c", step=True), counted(1, root="c", step=True)]
    check_caps(Caps(dials_per_minute=3), intent("new"), family)
    assert reached(Caps(dials_per_minute=2), family).count == 2
    check_caps(Caps(dials_per_minute=1), intent("step", within="c"), family[:1])


BLOCKED = [
    "+14155550100",
    "+1 415 555 0100",
    "+1 (415) 555-0100",
    "+1.415.555.0100",
    "tel:+1-415-555-0100",
    "sip:+14155550100@example.org",
    "+14155550100;ext=5",
    "0014155550100",
    "14155550100",
    "4155550100",
    "(415) 555-0100",
    "01114155550100",
    " +14155550100\n",
    "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
    "+1\u200b4155550100",
    "+1\u2011415\u2013555\u20130100",
]


@pytest.mark.parametrize("written", BLOCKED)
@pytest.mark.parametrize("listed", ["+14155550100", "+1 (415) 555-0100", "14155550100"])
def test_a_blocked_number_is_refused_however_it_is_written(written, listed):
    error = reached(Caps(blocked_numbers=(listed,)), numbers=("+14155550199", written))
    assert (error.cap, error.number, error.retry_after) == ("blocked_numbers", written, None)


@pytest.mark.parametrize("number", ["+14155550101", "+4155550100", "+114155550100", "5550199", "100"])
def test_another_number_is_not_blocked(number):
    check_caps(Caps(blocked_numbers=("+14155550100",)), intent("new", numbers=(number,)), [])


@pytest.mark.parametrize("number", ["+14155550100", "+1 (415) 555-0100", "0014155550100", "tel:+14155550100"])
def test_a_number_with_an_allowed_prefix_goes_through(number):
    check_caps(Caps(allowed_prefixes=("+49", "+1415")), intent("new", numbers=(number,)), [])


@pytest.mark.parametrize(
    "number", ["+12125550100", "4155550100", "14155550100", "", "sip:somebody@example.org", "+", "x+14155550100"]
)
def test_a_number_without_an_allowed_prefix_is_refused(number):
    error = reached(Caps(allowed_prefixes=("+49", "+1415")), numbers=("+14155550100", number))
    assert (error.cap, error.limit, error.number) == ("allowed_prefixes", ("+49", "+1415"), number)
    assert "+49, +1415" in str(error)


def test_no_allowed_prefix_allows_no_number_and_no_list_allows_all():
    assert reached(Caps(allowed_prefixes=()), numbers=("+14155550100",)).cap == "allowed_prefixes"
    check_caps(Caps(), intent("new", numbers=("+14155550100",)), [])


@pytest.mark.parametrize(
    "lists", [{"allowed_prefixes": ("+1",)}, {"allowed_prefixes": ()}, {"blocked_numbers": ("+1415",)}]
)
def test_a_dial_that_names_no_number_is_refused_where_numbers_are_listed(lists):
    assert reached(Caps(**lists), tool="api_post", numbers=()).cap in lists
    check_caps(Caps(dials_per_day=1), intent("new", tool="api_post", numbers=()), [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"dials_per_minute": -1},
        {"dials_per_minute": True},
        {"dials_per_day": "10"},
        {"dials_per_day": 1.5},
        {"spends_per_day": float("nan")},
        {"allowed_prefixes": "+1"},
        {"allowed_prefixes": ("+",)},
        {"allowed_prefixes": ("1415",)},
        {"allowed_prefixes": ("",)},
        {"allowed_prefixes": (1415,)},
        {"allowed_prefixes": ("+1\n",)},
        {"blocked_numbers": "+14155550100"},
        {"blocked_numbers": ("somebody",)},
        {"blocked_numbers": None},
    ],
    ids=str,
)
def test_a_cap_that_would_not_limit_as_it_reads_is_refused_by_name(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Caps(**wrong)


def test_lists_out_of_a_file_are_taken():
    assert Caps(allowed_prefixes=["+1"], blocked_numbers=["+14155550100"]) == Caps(
        allowed_prefixes=("+1",), blocked_numbers=("+14155550100",)
    )


def test_a_dial_counts_as_under_way_for_as_long_as_a_call_is_taken_to_last():
    caps = Caps(concurrent_dials=2, dial_seconds=300)
    error = reached(caps, [counted(299_000), counted(1_000)])
    assert (error.cap, error.limit, error.count, error.retry_after) == ("concurrent_dials", 2, 2, 1)
    assert "300 s" in error.message
    check_caps(caps, intent("new"), [counted(300_000), counted(1_000)])


def test_a_dial_that_certainly_failed_is_not_under_way():
    failed = Counted("call_0", NOW - 1_000, step=False, dials=1, spends=1, failed=True)
    check_caps(Caps(concurrent_dials=1), intent("new"), [failed])
    assert reached(Caps(dials_per_minute=1), [failed]).cap == "dials_per_minute"


@pytest.mark.parametrize("seconds", [0, -1, True, 1.5, 86_401, None])
def test_a_time_under_way_is_a_whole_number_of_seconds_up_to_a_day(seconds):
    with pytest.raises(ConfigurationError, match="dial_seconds"):
        Caps(dial_seconds=seconds)
