"""The deployment's first platform admin (section 3 of the foundation; I4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.reactions.create_first_admin import create_first_admin
from rollcall.grants.built_in_roles import ADMIN, GUEST
from rollcall.grants.role import Role
from rollcall.kit.entity import Key
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS
from tests.world.world import World


def deploy(world: World, email: str) -> None:
    settings = world.runtime.settings.model_copy(update={"first_admin_email": email})
    create_first_admin.run(replace(world.runtime, settings=settings))
    world.drain()


def remove_admins(world: World) -> None:
    """Empty the table, as it is before the first deployment."""
    world.runtime.table.delete_items(Key(item["pk"], item["sk"]) for item in world.items())
    world.runtime.identity.delete(world.admin_id)


def test_first_deployment_creates_an_admin_and_mails_an_invitation(world: World) -> None:
    remove_admins(world)

    deploy(world, "First@Example.com")

    (admin,) = world.users()
    assert (admin.email, admin.username, admin.is_admin) == ("first@example.com", "first", True)
    assert (admin.status, admin.in_step, world.count(ADMINS)) == (Status.ACTIVE, True, 1)
    account = world.account(admin.id)
    assert account is not None
    assert (account["admin"], account["status"]) == (True, "FORCE_CHANGE_PASSWORD")
    (entry,) = world.journal(admin.id)
    assert (entry.action, entry.actor.kind) == ("create_first_admin", "system")


@pytest.mark.parametrize("email", ["first@example.com", "admin@example.com", ""])
def test_later_deployments_change_nothing(world: World, email: str) -> None:
    stored = world.stored()
    deploy(world, email)
    assert world.stored() == stored


def test_later_deployment_brings_new_built_in_roles_and_keeps_what_admins_changed(
    world: World,
) -> None:
    deploy(world, "")
    admin = world.runtime.table.find(Role, ADMIN.id)
    assert admin is not None
    described = admin.model_copy(update={"description": "Our own words."})
    world.call().commit(Change(admin, described), answer=lambda written: written)
    # As if the version before did not have this role.
    guest = [
        Key(item["pk"], item["sk"])
        for item in world.items()
        if GUEST.id in (item.get("id"), item.get("owner"))
    ]
    world.runtime.table.delete_items(guest)

    deploy(world, "")

    kept, new = (world.runtime.table.find(Role, each.id) for each in (ADMIN, GUEST))
    assert kept is not None
    assert (kept.description, kept.version) == ("Our own words.", 2)
    assert new is not None
    assert new.built_in


def test_deployment_without_an_email_creates_no_user(world: World) -> None:
    remove_admins(world)
    deploy(world, "")
    assert world.users() == []


def test_interrupted_deployment_is_finished_by_the_next(world: World) -> None:
    world.runtime.identity.delete(world.admin_id)
    admin = world.user(world.admin_id)
    world.runtime.table.update_unversioned(admin.key(), {"identityVersion": 0})

    deploy(world, str(admin.email))

    assert world.account(admin.id) is not None
    assert world.user(admin.id).in_step
