"""What requests say of the time that a grant is in force (R2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from rollcall.grants.grant import Grant, Period
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Request, Time

_TIMES = ("starts_at", "ends_at")
_WRONG_ORDER = "endsAt must be later than startsAt."
_INVALID = "value_error"


class TimeBoxed(Request):
    """The part of a request that says when a grant is in force. Of a grant that is held already
    each of its ends stays as it is that is not named, and null empties it.
    """

    starts_at: Annotated[
        Time | None,
        Field(
            description="Until then it counts for nothing. Absent: as it is; null, or absent for "
            "what is given anew: from now on."
        ),
    ] = None
    ends_at: Annotated[
        Time | None,
        Field(
            description="From then on it counts for nothing. Absent: as it is; null, or absent for "
            "what is given anew: for ever."
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
        """When the grant is in force after this request, if ``held`` is what there is of it now.
        Raises Invalid when what is named does not go with what stays; ``place`` is where in the
        request it stands, as ``groups.0.``.
        """
        named = {name: getattr(self, name) for name in _TIMES if name in self.model_fields_set}
        period = (held.period if held else Period()).model_copy(update=named)
        if period.starts_at and period.ends_at and period.ends_at <= period.starts_at and named:
            field = "ends_at" if "ends_at" in named else "starts_at"
            raise Invalid.field(f"{place}{to_camel(field)}", _WRONG_ORDER, _INVALID)
        return period


def find_lasting[G: Grant](grants: Iterable[G], now: datetime) -> Mapping[str, G]:
    """What of the grants is held already, by its subject. One that has ended is given anew: when
    its row is cleared away must not matter.
    """
    return {each.subject: each for each in grants if each.period.lasts(now)}


def refuse_repeated[T: TimeBoxed](places: Sequence[T], field: str) -> None:
    """Refuse a list that names the same thing twice. Raises ValueError."""
    named = [getattr(each, field) for each in places]
    repeated = [each for number, each in enumerate(named) if each in named[:number]]
    if repeated:
        raise ValueError(f"{repeated[0]} can be named only once.")
