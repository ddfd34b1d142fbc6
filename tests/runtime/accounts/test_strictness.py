"""One policy and one set of caps out of several places; a project makes both stricter and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.strictness import (
    ON_AGENT_SURFACES,
    ON_THE_SANDBOX,
    caps_of,
    policy_of,
    tightened,
    tightened_caps,
)
from tool_runtime.core.account import DECISIONS, EFFECTS, Policy

FIELDS = ("read", "write", *EFFECTS)
RULES = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(DECISIONS))
LIMITS = st.none() | st.integers(0, 5)
PREFIXES = st.none() | st.lists(st.sampled_from(["+1", "+1415", "+49", "+4930", "+14"]), max_size=3)


def decided(policy):
    kinds = [("read", ()), ("write", ()), *(("write", (effect,)) for effect in EFFECTS)]
    return [DECISIONS.index(policy.decision(*kind)) for kind in kinds]


@given(own=RULES, project=RULES)
def test_a_project_never_allows_what_the_user_does_not(own, project):
    before = policy_of(ON_AGENT_SURFACES, {}, own)
    assert all(
        after >= earlier for after, earlier in zip(decided(tightened(before, project)), decided(before), strict=True)
    )


@given(own=RULES, project=RULES)
def test_what_a_project_denies_is_denied(own, project):
    after = tightened(policy_of(ON_AGENT_SURFACES, {}, own), project)
    for effect in EFFECTS:
        if project.get(effect, project.get("write")) == "deny":
            assert after.decision("write", (effect,)) == "deny"


def test_an_account_decides_over_all_accounts_but_lifts_no_rule_about_an_effect():
    assert policy_of(ON_AGENT_SURFACES, {"destroy": "deny"}, {"write": "allow"}) == Policy(
        write="allow", destroy="deny"
    )
    assert policy_of(ON_AGENT_SURFACES, {"dial": "allow"}, {"write": "deny"}) == Policy(write="deny", dial="deny")
    assert policy_of(ON_AGENT_SURFACES, {"dial": "deny"}, {"dial": "allow"}) == Policy(write="ask", dial="allow")


def test_what_nobody_set_is_the_surfaces_own():
    assert policy_of(ON_AGENT_SURFACES, {}, {}) == Policy(read="allow", write="ask")
    assert policy_of(ON_THE_SANDBOX, {}, {"dial": "deny"}) == Policy(dial="deny")


@given(mine=LIMITS, theirs=LIMITS)
def test_of_two_limits_the_smaller_one_stands(mine, theirs):
    after = tightened_caps(caps_of({}, {"dials_per_day": mine}), {"dials_per_day": theirs})
    known = [limit for limit in (mine, theirs) if limit is not None]
    assert after.dials_per_day == (min(known) if known else None)


@given(mine=PREFIXES, theirs=PREFIXES, number=st.sampled_from(["+14155550100", "+12125550100", "+493012345678"]))
def test_a_number_is_allowed_only_where_both_allow_it(mine, theirs, number):
    def allows(prefixes):
        return prefixes is None or number.startswith(tuple(prefixes))

    after = tightened_caps(caps_of({}, {"allowed_prefixes": mine}), {"allowed_prefixes": theirs})
    assert allows(after.allowed_prefixes) == (allows(mine) and allows(theirs))


def test_numbers_that_one_place_blocks_stay_blocked():
    assert caps_of({"blocked_numbers": ["+14155550100"]}, {"blocked_numbers": ["+14155550101"]}) == Caps(
        blocked_numbers=("+14155550100", "+14155550101")
    )
    assert tightened_caps(None, {"dials_per_day": 1}) == Caps(dials_per_day=1)
