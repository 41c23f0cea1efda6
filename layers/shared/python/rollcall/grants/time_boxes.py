"""The period of a grant in requests (R2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from rollcall.grants.grant import Grant, Period
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Request, Time, camel_case

_TIMES = ("starts_at", "ends_at")
_WRONG_ORDER = "endsAt must be later than startsAt."
_INVALID = "value_error"


class TimeBoxed(Request):
    """The part of a request with the period of a grant. An absent time of a present grant does not
    change; null removes it.
    """

    starts_at: Annotated[
        Time | None,
        Field(
            description="The grant has no effect before this time. Absent: unchanged. Null, or "
            "absent for a new grant: in force from now on."
        ),
    ] = None
    ends_at: Annotated[
        Time | None,
        Field(
            description="The grant expires at this time. Absent: unchanged. Null, or absent for a "
            "new grant: no expiry."
        ),
    ] = None

    @field_validator("ends_at")
    @classmethod
    def _check_order(cls, ends_at: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if starts_at and ends_at and ends_at <= starts_at:
            raise ValueError(_WRONG_ORDER)
        return ends_at

    def period_after(self, held: Grant | None, place: str = "") -> Period:
        """The period of the grant after this request; ``held`` is the present grant. ``place`` is
        the path of this part in the request, such as ``groups.0.``. Raises Invalid if a new time
        contradicts one that does not change.
        """
        named = {name: getattr(self, name) for name in _TIMES if name in self.model_fields_set}
        period = (held.period if held else Period()).model_copy(update=named)
        if period.starts_at and period.ends_at and period.ends_at <= period.starts_at and named:
            field = "ends_at" if "ends_at" in named else "starts_at"
            raise Invalid.field(f"{place}{camel_case(field)}", _WRONG_ORDER, _INVALID)
        return period


def find_lasting[G: Grant](grants: Iterable[G], now: datetime) -> Mapping[str, G]:
    """The grants that have not expired, by subject. An expired grant does not count, even if its
    row has not been removed.
    """
    return {each.subject: each for each in grants if not each.period.is_expired(now)}


def refuse_repeated[T: TimeBoxed](entries: Sequence[T], field: str) -> None:
    """Refuse a list with the same value twice in a field. Raises ValueError."""
    named = [getattr(each, field) for each in entries]
    repeated = [each for number, each in enumerate(named) if each in named[:number]]
    if repeated:
        raise ValueError(f"{repeated[0]} can occur only once.")
