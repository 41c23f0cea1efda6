"""Facts that services push (U4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from functions.system.replace_facts import FactsAnswer
from rollcall.kit.attribute_values import from_attributes, to_attributes
from rollcall.users.fact_set import (
    BYTES_AT_MOST,
    FACTS_AT_MOST,
    LARGEST,
    VALUES_AT_MOST,
    Facts,
    FactSet,
    Source,
    find_facts,
)
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FACTS: TypeAdapter[Any] = TypeAdapter(Facts)
VALUES = (
    st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-LARGEST, LARGEST)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
SENT = st.dictionaries(
    st.from_regex(r"[a-z][A-Za-z0-9]{0,9}", fullmatch=True),
    VALUES | st.lists(VALUES, max_size=5),
    max_size=5,
)


def read(facts: Any) -> Any:
    """The facts that an operation reads from a request."""
    return FACTS.validate_json(json.dumps(facts), strict=True)


def make(values: Any) -> FactSet:
    known = FactSet.none_of("usr_1", "learning", NOW)
    return FactSet.model_validate({**dict(known), "values": values})


@given(SENT)
def test_stored_facts_are_read_back_unchanged(sent: dict[str, Any]) -> None:
    facts = make(read(sent))

    stored = from_attributes(to_attributes(facts.item()))

    assert FactSet.model_validate(stored) == facts
    assert read(json.loads(FACTS.dump_json(facts.values))) == facts.values


@given(SENT)
def test_type_of_a_value_never_changes(sent: dict[str, Any]) -> None:
    def kinds(values: Any) -> Any:
        if isinstance(values, list | tuple):
            return [kinds(each) for each in values]
        return next(kind for kind in (bool, str, int | float | Decimal) if isinstance(values, kind))

    stored = FactSet.model_validate(make(read(sent)).item()).values
    assert {k: kinds(v) for k, v in stored.items()} == {k: kinds(v) for k, v in sent.items()}


def test_numbers_have_six_decimals_and_whole_numbers_stay_whole() -> None:
    facts = read({"share": 0.12345678, "count": 3.0, "list": [1, 2.5]})
    assert FACTS.dump_json(facts) == b'{"share":0.123457,"count":3,"list":[1,2.5]}'


@pytest.mark.parametrize(
    ("facts", "where", "code"),
    [
        ({"a": None}, ("a",), "no_fact"),
        ({"a": {"b": 1}}, ("a",), "no_fact"),
        ({"a": ["x", None]}, ("a", "<list>", 1), "no_fact"),
        ({"a": [[1]]}, ("a", "<list>", 0), "no_fact"),
        ({"a": 1e16}, ("a", "<number>"), "less_than_equal"),
        ({"a": "x" * 501}, ("a", "<text>"), "string_too_long"),
        ({"a": [1] * (VALUES_AT_MOST + 1)}, ("a", "<list>"), "too_long"),
        ({"A": 1}, ("A", "[key]"), "wrong_form"),
        ({"a.b": 1}, ("a.b", "[key]"), "wrong_form"),
        ({f"a{number}": 1 for number in range(FACTS_AT_MOST + 1)}, (), "too_long"),
        ({f"a{number}": "ä" * 500 for number in range(20)}, (), "value_error"),
        ([], (), "dict_type"),
    ],
)
def test_invalid_value_is_one_error_of_its_field(
    facts: Any, where: tuple[str | int, ...], code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        read(facts)
    assert [(e["loc"], e["type"]) for e in refused.value.errors()] == [(where, code)]


def test_facts_can_use_all_allowed_bytes() -> None:
    def filled(last: int) -> dict[str, str]:
        full = {f"a{number:02}": "x" * 500 for number in range(31)}
        return {**full, "b" * 50: "x" * last}

    room = BYTES_AT_MOST - len(json.dumps(filled(0)))
    assert 0 < room < 500
    assert len(read(filled(room))) == 32
    with pytest.raises(ValidationError):
        read(filled(room + 1))


@pytest.mark.parametrize("source", ["learning", "l", "billing-2", "a" * 40])
def test_name_of_a_source_is_valid_in_filters(source: str) -> None:
    assert TypeAdapter(Source).validate_python(source) == source


@pytest.mark.parametrize("source", ["", "Learning", "2nd", "a.b", "a b", "a" * 41, "lernen\n"])
def test_invalid_names_of_sources_are_refused(source: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Source).validate_python(source)


def test_facts_are_stored_with_the_user_by_source(world: World) -> None:
    user_id = world.add_user().id
    world.push_facts(user_id, "learning", progress=50)
    world.push_facts(user_id, "billing", plan="free")

    found = find_facts(world.runtime.table, user_id, "learning")

    assert found is not None
    assert (found.values, found.version) == ({"progress": 50}, 1)
    assert found.touches(None) == {user_id}
    assert find_facts(world.runtime.table, user_id, "support") is None
    assert [each.source for each in world.user(user_id).fact_sets] == ["billing", "learning"]


def test_repeated_push_creates_a_version_because_the_source_is_active(world: World) -> None:
    user_id = world.add_user().id
    world.push_facts(user_id, "learning", progress=50)
    world.clock.advance(days=1)
    world.push_facts(user_id, "learning", progress=50)

    found = find_facts(world.runtime.table, user_id, "learning")

    assert found is not None
    assert (found.version, found.pushed_at) == (2, world.clock.now)
    assert list(world.journal(found.id)[-1].changes) == ["pushedAt"]


def test_answer_names_user_and_source() -> None:
    answer = FactsAnswer.of(make({"progress": 50}))
    assert (answer.user_id, answer.source, answer.facts) == ("usr_1", "learning", {"progress": 50})
    assert answer.pushed_at == NOW
