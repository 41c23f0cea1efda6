"""The counters of groups, organizations and roles."""

from __future__ import annotations

import pytest
from pydantic.alias_generators import to_snake

from rollcall.grants.group import Group
from rollcall.grants.holders import (
    active_workspaces_of_group,
    holders_of_role,
    members_of_group,
    members_of_organization,
)
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.kit.entity import Counter, Entity


@pytest.mark.parametrize(
    ("counter", "entity"),
    [
        (members_of_group("x"), Group),
        (active_workspaces_of_group("x"), Group),
        (members_of_organization("x"), Organization),
        (holders_of_role("x"), Role),
    ],
)
def test_counter_is_an_unversioned_field_of_the_entitys_item(
    counter: Counter, entity: type[Entity]
) -> None:
    assert counter.key == entity.key_of("x")
    assert to_snake(counter.attribute) in entity.unversioned_fields
    assert counter.holder is not None
    assert counter.holder.kind == entity.kind
