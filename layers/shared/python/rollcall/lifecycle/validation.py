"""Validation of the terms of the lifecycle policy (L1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollcall.directory.conditions import read_filter
from rollcall.grants.group import Group
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.entity import Entity
from rollcall.kit.errors import FieldError, Invalid
from rollcall.kit.model import camel_case
from rollcall.kit.table import not_found
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.resource_types import read_types
from rollcall.users.user import User


def validate_terms(call: Call, terms: LifecycleTerms, before: LifecycleTerms) -> None:
    """Raise Invalid for contradictory terms, for a wrong filter, and for exemptions of unknown
    users, groups or roles. Those that were exempt ``before`` may have been deleted since.
    """
    errors = [*_check_days(terms), *_find_unknown(call, terms, before)]
    if errors:
        raise Invalid("invalid", errors[0].message, tuple(errors))
    if terms.exempt_filter is not None:
        try:
            read_filter(terms.exempt_filter, read_types(call.settings.resource_types))
        except Invalid as refused:
            raise Invalid.field("exemptFilter", refused.detail, "filter_invalid") from None


def _check_days(terms: LifecycleTerms) -> Iterable[FieldError]:
    if terms.disable_after_days <= terms.warn_after_days:
        message = (
            "Users are disabled after they are warned. Use more days than the "
            f"{terms.warn_after_days} of warnAfterDays."
        )
        yield FieldError("disableAfterDays", message, "not_after_warning")


_EXEMPT: Mapping[str, type[Entity]] = {
    "exempt_users": User,
    "exempt_groups": Group,
    "exempt_roles": Role,
}


def _find_unknown(
    call: Call, terms: LifecycleTerms, before: LifecycleTerms
) -> Iterable[FieldError]:
    added = {
        (name, each): entity.key_of(each)
        for name, entity in _EXEMPT.items()
        for each in getattr(terms, name)
        if each not in getattr(before, name)
    }
    found = call.table.get_items(list(added.values()))
    for (name, each), key in added.items():
        if key not in found or found[key]["erased"]:
            problem = not_found(_EXEMPT[name])
            yield FieldError(camel_case(name), f"{problem.detail}: {each}", problem.code)
