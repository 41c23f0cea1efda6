"""Base models and their JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from rollcall.kit.model import Answer, Model, Request, Time, WriteRequest, camel_case, format_time
from rollcall_infra.catalog import read_catalog

MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 (hypothesis adds the zone itself)
    max_value=datetime(9998, 12, 30),  # noqa: DTZ001 (as above)
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


class Seen(Answer):
    """An answer with a time."""

    last_seen_at: Time


def test_fields_are_called_in_json_as_pydantic_would_call_them() -> None:
    read_catalog()  # so that all models are there
    models, names = [Model], {"one", "of_two", "and_3_words", "is_2fa"}
    while models:
        model = models.pop()
        names |= set(model.model_fields)
        models += model.__subclasses__()
    assert len(names) > 100
    assert [(name, camel_case(name)) for name in names] == [(n, to_camel(n)) for n in names]


@given(one=MOMENTS, other=MOMENTS)
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    if format_time(one) < format_time(other):
        assert one < other


@given(moment=MOMENTS)
def test_times_are_utc_and_come_back_to_the_millisecond(moment: datetime) -> None:
    text = format_time(moment)
    assert text.endswith("Z")
    assert abs(Seen.model_validate({"lastSeenAt": text}).last_seen_at - moment) < timedelta(
        milliseconds=1
    )


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        Seen.model_validate({"lastSeenAt": "2026-01-05T09:00:00"})


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"])
def test_time_out_of_range_in_utc_is_refused(time: str) -> None:
    with pytest.raises(ValidationError, match="out of range in UTC"):
        Seen.model_validate({"lastSeenAt": time})


def test_times_are_utc_inside_too() -> None:
    seen = Seen.model_validate({"lastSeenAt": "2026-01-05T23:30:00-02:00"})
    assert seen.last_seen_at.isoformat() == "2026-01-06T01:30:00+00:00"


def test_names_are_camel_case_outside_and_snake_case_inside() -> None:
    moment = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)
    assert Seen(last_seen_at=moment).model_dump_json(by_alias=True) == (
        '{"lastSeenAt":"2026-01-05T09:00:00.123Z"}'
    )


def test_models_are_frozen_and_requests_accept_no_unknown_field() -> None:
    request = WriteRequest(reason="Because")
    with pytest.raises(ValidationError):
        request.reason = "Otherwise"  # type: ignore[misc]  # what is tested
    with pytest.raises(ValidationError):
        Request.model_validate({"anything": 1})
