"""Times and dates are those of RFC 3339 section 5.6, wherever one is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.error_messages import write_message
from rollcall.kit.model import Date, Model, Time, TimeOrDate
from rollcall.kit.times import read_date, read_time, read_time_or_date
from rollcall_infra.catalog import read_catalog

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda n: timezone(timedelta(minutes=n)))
TIMES = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone itself)
    max_value=datetime(9998, 12, 30),  # noqa: DTZ001 (as above)
    timezones=OFFSETS,
)
NOT_AS_IN_RFC_3339 = (
    "2030",
    "20301201",
    "86400",
    "-1",
    "1893456000",
    "1893456000.5",
    "1e9",
    "203012",
    "2030-12",
    "2030-W01-1",
    "2030-335",
    "2030-02-30",
    "2030-1-1",
    "20301201T000000Z",
    "2030-12-01T00:00Z",
    "2030-12-01T00:00:00",
    "2030-12-01 00:00:00Z",
    "2030-12-01T00:00:00 02:00",
    "2030-12-01T00:00:00+0200",
    "2030-12-01T00:00:00,5Z",
    "2030-12-01T24:00:00Z",
    "2030-12-01T00:00:00+24:00",
    "\u0662\u0660\u0663\u0660-12-01",
    "\uff12\uff10\uff13\uff10-12-01",
    " 2030-12-01",
    "2030-12-01\n",
    "now",
    "",
)
ONE_OF_EACH = {
    "time": "2030-12-01T00:00:00.5+02:00",
    "date": "2030-12-01",
}


@given(time=TIMES, separator=st.sampled_from("Tt"), zone=st.sampled_from("Zz"))
def test_time_comes_back_in_any_offset(time: datetime, separator: str, zone: str) -> None:
    text = time.isoformat().replace("T", separator)
    assert read_time(text) == time
    in_utc = time.astimezone(UTC).isoformat().replace("+00:00", zone)
    assert read_time(in_utc) == read_time_or_date(in_utc) == time


@given(day=st.dates())
def test_date_comes_back_and_means_its_start_in_utc(day: date) -> None:
    assert read_date(day.isoformat()) == day
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert read_time_or_date(day.isoformat()) == start


@given(text=st.text(st.sampled_from("0123456789.+-eE_ "), max_size=20) | st.floats().map(str))
def test_number_in_quotes_is_no_time(text: str) -> None:
    assert not is_read(read_time, text)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        assert not is_read(read_date, text)
        assert not is_read(read_time_or_date, text)


def is_read(read: Any, text: str) -> bool:
    with suppress(ValueError, OverflowError):
        read(text)
        return True
    return False


@pytest.mark.parametrize("text", NOT_AS_IN_RFC_3339)
def test_other_forms_are_neither_times_nor_dates(text: str) -> None:
    assert not any(is_read(read, text) for read in (read_time, read_date, read_time_or_date))


def test_fraction_is_cut_to_microseconds() -> None:
    assert read_time("2030-12-01T00:00:00.123456789Z").microsecond == 123456


def list_models() -> Iterator[type[Model]]:
    """The models of all requests, answers and stored items."""
    read_catalog()  # so that all models are there
    models: list[type[Model]] = [Model]
    while models:
        model = models.pop()
        models += model.__subclasses__()
        if not model.__module__.startswith("tests."):
            yield model


def list_fields() -> Iterator[tuple[str, TypeAdapter[Any], frozenset[str]]]:
    """The fields of times and dates, with the formats that they accept."""
    for model in list_models():
        for name, field in model.model_fields.items():
            annotation: Any = Annotated[field.annotation, *field.metadata, None]
            if re.search(r"\b(AwareDatetime|datetime\.date(time)?)\b", str(field.annotation)):
                adapter = TypeAdapter(annotation)
                schema = json.dumps(adapter.json_schema())
                formats = frozenset(re.findall(r'"format": "(date|date-time)"', schema))
                yield f"{model.__name__}.{name}", adapter, formats


def test_every_field_of_a_time_or_a_date_in_any_model_accepts_rfc_3339_alone() -> None:
    fields = list(list_fields())
    assert len(fields) > 60
    for name, adapter, formats in fields:
        assert formats, name
        for text in (*NOT_AS_IN_RFC_3339, 2030, 86400, 1.5, True):
            assert not accepts(adapter, text), (name, text)
        assert accepts(adapter, ONE_OF_EACH["time"]) == ("date-time" in formats), name
        assert accepts(adapter, ONE_OF_EACH["date"]) == ("date" in formats), name


def accepts(adapter: TypeAdapter[Any], value: object) -> bool:
    """Whether a query or a body with this value is accepted."""
    in_query = in_body = False
    with suppress(ValidationError):
        in_query = adapter.validate_python(value) is not None
    with suppress(ValidationError):
        in_body = adapter.validate_json(json.dumps(value), strict=True) is not None
    assert in_query == in_body
    return in_query


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Time, "Write the time with its offset from UTC, as 2030-01-31T12:00:00Z."),
        (Date, "Write the date as 2030-01-31."),
        (TimeOrDate, "Write a date as 2030-01-31, or a time"),
    ],
)
def test_refusal_says_how_to_write_it(kind: Any, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python("2030")
    assert write_message(refused.value.errors()[0]).startswith(message)
