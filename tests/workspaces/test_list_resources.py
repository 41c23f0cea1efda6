"""GET /admin/resources (W2)."""

from __future__ import annotations

from functions.users.delete_user import delete_user
from functions.workspaces.list_resources import list_resources
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(list_resources, query=query)


def found(reply: Reply) -> set[str]:
    assert reply.status == 200, reply.body
    return {item["id"] for item in reply.body["items"]}


def test_resources_are_listed_by_owner_by_type_and_by_both(world: World) -> None:
    one, two = world.add_user().id, world.add_user().id
    workspace, persona = world.add_resource(one), world.add_resource(one, "persona", name="Self")
    other = world.add_resource(two, "persona")

    assert found(ask(world, owner=one)) == {workspace.id, persona.id}
    assert found(ask(world, type="persona")) == {persona.id, other.id}
    reply = ask(world, owner=one, type="persona")
    assert reply.body == {
        "items": [
            {
                "id": persona.id,
                "version": 1,
                "type": "persona",
                "userId": one,
                "name": "Self",
                "active": True,
                "orphaned": False,
                "createdAt": "2026-01-05T09:00:00.000Z",
                "updatedAt": "2026-01-05T09:00:00.000Z",
            }
        ],
        "pagination": {"page": 1, "limit": 25, "total": 1, "totalPages": 1},
    }


def test_type_with_the_prefix_of_another_one_is_listed_separately(world: World) -> None:
    world.configure(resource_types="person=cascade")
    owner = world.add_user().id
    world.add_resource(owner, "persona")
    assert found(ask(world, owner=owner, type="person")) == set()


def test_pages_are_exact(world: World) -> None:
    owner = world.add_user().id
    resources = [world.add_resource(owner, "annotation").id for _ in range(5)]

    pages = [ask(world, owner=owner, limit="2", page=str(number)) for number in (1, 2, 3)]

    assert [item["id"] for reply in pages for item in reply.body["items"]] == sorted(resources)
    assert {reply.body["pagination"]["total"] for reply in pages} == {5}


def test_orphans_are_found_by_their_last_owner(world: World) -> None:
    owner = world.add_user().id
    workspace = world.add_resource(owner)
    world.add_resource(owner, "persona")
    world.invoke(delete_user, path={"user_id": owner})
    reply = ask(world, owner=owner)
    assert found(reply) == {workspace.id}
    assert reply.body["items"][0]["orphaned"] is True


def test_type_or_owner_is_required(world: World) -> None:
    reply = ask(world)
    assert (reply.status, reply.fields) == (422, ["owner"])
    assert reply.body["errors"][0]["code"] == "filter_needed"


def test_wrong_type_is_refused(world: World) -> None:
    assert ask(world, type="Persona#").fields == ["type"]
    reply = ask(world, type="workspce")
    assert (reply.status, reply.fields) == (422, ["type"])
    assert reply.body["errors"][0]["message"].startswith(
        "Did you mean workspace? The type workspce does not"
    )
