"""GET /admin/invitations (I2, I19)."""

from __future__ import annotations

from functions.invitations.cancel_invitation import cancel_invitation
from functions.invitations.list_invitations import list_invitations
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, caller: str = "", **query: str) -> Reply:
    return world.invoke(list_invitations, caller=caller, query=query)


def emails(reply: Reply) -> list[str]:
    return [each.get("email", "").partition("@")[0] for each in reply.body["items"]]


def make_one_of_each(world: World) -> None:
    """One invitation each: expired, expiring now, pending, accepted, cancelled."""
    world.add_invitation("expired@example.com")
    world.clock.advance(days=1)
    world.add_invitation("just@example.com")
    world.clock.advance(days=7)
    for name in ("pending", "accepted", "cancelled"):
        world.add_invitation(f"{name}@example.com")
        world.clock.advance(milliseconds=1)
    world.clock.advance(milliseconds=-3)
    found = {each["email"]: each["id"] for each in list_them(world).body["items"]}
    world.invoke(cancel_invitation, path={"invitation_id": found["cancelled@example.com"]})
    accepted = world.invitation(found["accepted@example.com"])
    user = world.user(accepted.user_id)
    world.commit(accepted, accepted.accepted(world.clock.now))
    world.change_user(user, user.model_copy(update={"status": Status.ACTIVE}))


def test_each_invitation_is_listed_by_its_current_status(world: World) -> None:
    make_one_of_each(world)
    every = ["", "accepted", "pending", "just", "expired"]

    assert emails(list_them(world)) == every
    assert emails(list_them(world, status="pending")) == ["pending"]
    assert emails(list_them(world, status="expired")) == ["just", "expired"]
    assert emails(list_them(world, status="accepted")) == ["accepted"]
    assert emails(list_them(world, status="cancelled")) == [""]  # erased with the user
    for status in ("pending", "expired", "accepted", "cancelled"):
        reply = list_them(world, status=status)
        assert {each["status"] for each in reply.body["items"]} == {status}
        assert reply.body["pagination"]["total"] == len(reply.body["items"])


def test_address_is_found_regardless_of_case(world: World) -> None:
    make_one_of_each(world)

    assert emails(list_them(world, email="EXPIRED@example.com")) == ["expired"]
    assert emails(list_them(world, email="expired@example.com", status="expired")) == ["expired"]
    assert emails(list_them(world, email="expired@example.com", status="pending")) == []


def test_pagination_is_complete_while_time_passes(world: World) -> None:
    made = {world.add_invitation().id for _ in range(5)}
    found: list[str] = []
    query = {"status": "pending", "limit": "2"}
    while True:
        reply = list_them(world, **query)
        found += [each["id"] for each in reply.body["items"]]
        if "nextCursor" not in reply.body["pagination"]:
            break
        query["cursor"] = reply.body["pagination"]["nextCursor"]
        world.clock.advance(seconds=1)

    assert len(found) == 5
    assert set(found) == made


def test_listing_requires_the_permission_to_invite(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))
    assert list_them(world, caller.id).code == "permission_missing"
