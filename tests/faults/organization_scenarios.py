"""Scenarios of organizations besides their examples, and of the end of memberships."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from functions.organizations.create_organization import create_organization
from functions.organizations.delete_organization import delete_organization
from functions.organizations.replace_user_organizations import replace_user_organizations
from functions.organizations.update_organization import update_organization
from functions.reactions.finish_deletion import finish_deletion
from rollcall.access.policy import change_policy
from rollcall.grants import built_in_roles
from rollcall.kit.transaction import Change
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import Verify, about, ask, last_entry, scenario, work
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def _add_members(world: World, organization_id: str, number: int) -> list[str]:
    """Add this many members. The last one is erased, and no reaction has run yet."""
    members = [world.join_organization(world.add_user().id, organization_id) for _ in range(number)]
    world.write(members[-1], members[-1].as_erased(world.clock.now))
    return [member.id for member in members]


def _all_have_left(world: World, members: Iterable[str]) -> Verify:
    def verify(_: Reply) -> Iterable[str]:
        for user_id in members:
            if world.user(user_id).organization_memberships:
                yield f"{user_id} is still in an organization"

    return verify


@scenario("create_organization", 201)
def an_organization_whose_slug_is_taken(world: World) -> Plan:
    world.add_organization("Acme")
    body = {"name": "ACME", "defaultRoleId": world.add_role("Partner")}
    return ask(world, create_organization, Example(body=body))


@scenario("update_organization")
def an_organization_with_another_slug_and_another_default_role(world: World) -> Plan:
    path = {"organization_id": world.add_organization("Acme")}
    body = {"slug": "apex", "defaultRoleId": world.add_role("Partner")}
    return ask(world, update_organization, Example(path=path, body=body))


@scenario("replace_user_organizations")
def organizations_added_changed_and_removed_at_once(world: World) -> Plan:
    user, partner = world.add_user(), world.add_role("Partner")
    kept, changed, limited, left, added = (
        world.add_organization(name, partner)
        for name in ("Kept", "Changed", "Limited", "Left", "Added")
    )
    for organization_id in (kept, changed, limited, left):
        world.join_organization(user.id, organization_id)
    end = START + timedelta(days=1)
    sent = [
        {"organizationId": kept},
        {"organizationId": changed, "roleId": built_in_roles.GUEST.id},
        {"organizationId": limited, "endsAt": end.isoformat()},
        {"organizationId": added},
    ]

    def verify(_: Reply) -> Iterable[str]:
        memberships = world.user(user.id).organization_memberships
        held = {each.organization_id: (each.role_id, each.ends_at) for each in memberships}
        if held != {
            kept: (built_in_roles.USER.id, None),
            changed: (built_in_roles.GUEST.id, None),
            limited: (built_in_roles.USER.id, end),
            added: (partner, None),
        }:
            yield f"the user has {held}"

    return ask(world, replace_user_organizations, about(user.id, memberships=sent), verify)


@scenario("replace_user_organizations", 404)
def organizations_of_which_one_does_not_exist(world: World) -> Plan:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    sent = [{"organizationId": organization_id}, {"organizationId": "org_unknown"}]
    return ask(world, replace_user_organizations, about(user.id, memberships=sent))


@scenario("delete_organization", again=frozenset({404}))
def an_organization_with_members(world: World) -> Plan:
    organization_id = world.add_organization("Acme")
    members = _add_members(world, organization_id, 3)
    example = Example(path={"organization_id": organization_id})
    return ask(world, delete_organization, example, _all_have_left(world, members))


@scenario("finish_deletion", by_client=False)
def a_stream_record_about_a_deleted_organization(world: World) -> Plan:
    organization_id = world.add_organization("Acme")
    members = _add_members(world, organization_id, 3)
    organization, call = world.organization(organization_id), world.call("leave_behind")
    call.commit(
        Change(organization, organization.as_erased()),
        *change_policy(call, lambda policy: policy.with_ended(organization_id)),
        answer=lambda written: written,
    )
    record = last_entry(world, organization_id)
    verify = _all_have_left(world, members)
    return work(lambda: finish_deletion.react(record, world.runtime), verify)
