"""The organizations of a user, by name (O1)."""

from __future__ import annotations

from datetime import timedelta

from functions.organizations.delete_organization import delete_organization
from rollcall.grants import built_in_roles
from rollcall.grants.grant import OrganizationMembership
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.members.organization_memberships import name_places, read_named
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.world import World

TOMORROW = START + timedelta(days=1)


def place(organization_id: str, role_id: str = built_in_roles.USER.id) -> OrganizationMembership:
    return OrganizationMembership(
        user_id="usr_1", organization_id=organization_id, role_id=role_id, ends_at=TOMORROW
    )


def test_all_names_are_read_in_one_batch_each_once(world: World) -> None:
    organization_id = world.add_organization("Acme")

    with watched(world.aws) as seen:
        named = read_named(
            world.runtime.table,
            [organization_id, organization_id, "org_unknown"],
            [built_in_roles.USER.id, built_in_roles.USER.id, "rol_unknown"],
        )

    assert [call.operation for call in seen] == ["BatchGetItem"]
    assert {key: item["name"] for key, item in named.items()} == {
        Organization.key_of(organization_id): "Acme",
        Role.key_of(built_in_roles.USER.id): "User",
    }


def test_no_read_is_made_without_names(world: World) -> None:
    with watched(world.aws) as seen:
        assert read_named(world.runtime.table, [], []) == {}
    assert seen == []


def test_memberships_are_sorted_by_organization_name_without_deleted_ones(world: World) -> None:
    one, two = world.add_organization("beta"), world.add_organization("Alpha")
    gone = world.add_organization("Gone")
    world.invoke(delete_organization, path={"organization_id": gone})
    places = [place(one, built_in_roles.ADMIN.id), place(two), place(gone), place("org_unknown")]
    named = read_named(
        world.runtime.table, [one, two, gone], [built_in_roles.ADMIN.id, built_in_roles.USER.id]
    )

    shown = name_places(places, named)

    assert [(each.organization_name, each.role_name) for each in shown] == [
        ("Alpha", "User"),
        ("beta", "Admin"),
    ]
    assert {each.ends_at for each in shown} == {TOMORROW}


def test_role_deleted_meanwhile_is_shown_by_its_id(world: World) -> None:
    organization_id = world.add_organization("Acme")
    named = read_named(world.runtime.table, [organization_id], ["rol_gone"])
    (shown,) = name_places([place(organization_id, "rol_gone")], named)
    assert (shown.role_id, shown.role_name) == ("rol_gone", "rol_gone")
