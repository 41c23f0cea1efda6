"""What ``rollcall demo`` writes."""

from __future__ import annotations

from collections import Counter

from functions.directory.get_user_statistics import get_user_statistics
from functions.invitations.list_invitations import list_invitations
from functions.jobs.rebuild_directory import rebuild_directory
from functions.lifecycle.preview_lifecycle_policy import preview_lifecycle_policy
from functions.workspaces.list_workspaces import list_workspaces
from rollcall.grants.scopes import ANY, Scope
from rollcall_infra.local.demo import DemoHistory
from rollcall_infra.local.demo_people import Fate, make_people
from tests.world.world import World, service_claims


def make_history(world: World) -> DemoHistory:
    """The history that the command writes into this world."""
    service = service_claims(Scope.RESOURCES, ANY)
    return DemoHistory(world.runtime, world.claims(world.admin_id), service)


def test_demo_fills_lists_statistics_and_previews_and_skips_who_exists(world: World) -> None:
    people = list(make_people(world.clock.now))[:60]
    fates = Counter(each.fate for each in people)

    assert list(make_history(world).write(people)) == people
    world.drain()
    rebuild_directory.run(world.runtime)

    statistics = world.invoke(get_user_statistics).body
    assert statistics["byStatus"]["active"] == 1 + sum(
        fates[each] for each in (Fate.ACTIVE, Fate.LAPSED, Fate.NEVER_SIGNED_IN)
    )
    assert statistics["byStatus"]["deleted"] == fates[Fate.DELETED]
    assert statistics["active"]["last30Days"] > 20
    invitations = world.invoke(list_invitations, query={"status": "pending"}).body
    assert invitations["pagination"]["total"] == fates[Fate.INVITED]
    assert world.invoke(list_workspaces).body["items"]
    assert world.invoke(preview_lifecycle_policy, body={}).body["items"]

    world.clock.advance(days=1)
    assert list(make_history(world).write(people)) == []
    assert world.invoke(get_user_statistics).body["total"] == statistics["total"]
