"""Every cursor that a list hands out is accepted, whatever the names in the list (I23)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from functions.jobs.clean_up_accounts import clean_up_accounts
from rollcall.directory.columns import sortable_columns
from rollcall.directory.pages import SortedFilters
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall.kit.paging import CursorRequest
from rollcall_infra.catalog import read_catalog
from tests.world.world import World

LENGTH_AT_MOST = 4096
"""Of a cursor, as the API document says."""
NAMES = tuple(
    f"{chr(97 + number)}{name[1:]}"  # organizations need one for the slug
    for number, name in enumerate(
        (
            "\ud55c\uae00" * 100,  # decomposes into the most bytes
            "\ufdfa" * 200,  # 18 letters each in compatibility form
            "\u0390" * 200,  # three letters each when folded
            "\U0001f600" * 200,
            '"\\' * 100,
        )
    )
)
"""Names of the maximal length whose keys are the longest."""
LISTS = {
    operation.name: operation
    for operation in read_catalog().operations
    if issubclass(operation.request_model, CursorRequest) and operation.name != "export_users"
}
"""The export has cursors of another kind: tests/directory/test_export_steps.py."""


class Crowd:
    """Several of everything that is listed, with the longest keys."""

    def __init__(self, world: World) -> None:
        self.group_id, *_ = [world.add_group(each) for each in NAMES]
        self.organization_id, *_ = [world.add_organization(each) for each in NAMES]
        self.role_id, *_ = [world.add_role(each) for each in NAMES]
        for number, name in enumerate(NAMES):
            world.add_segment(name, "name pr")
            email = f"{number}{'a' * 63}@{'b' * 63}.{'c' * 63}.{'d' * 52}.com"
            world.add_invitation(email)
            user = world.add_user(
                f"{number}{email[1:].replace('d', 'e')}",
                name=name,
                username=f"{number}{'u' * 49}",
                permissions=(Permission.USER_VIEW,),
            )
            world.join_group(user.id, self.group_id)
            self.user = world.join_organization(user.id, self.organization_id)
        for name in NAMES:
            for kind in ("workspace", "persona"):
                world.add_resource(self.user.id, kind, name=name, group_id=self.group_id)
        world.build_directory()
        for _ in range(3):
            world.clock.advance(days=1)
            clean_up_accounts.run(world.runtime)

    def request(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """The path and the query of a list with several items."""
        path = {
            "get_group": {"group_id": self.group_id},
            "list_group_members": {"group_id": self.group_id},
            "list_organization_members": {"organization_id": self.organization_id},
            "list_permission_holders": {"permission": "user.view"},
            "get_user_history": {"user_id": self.user.id},
        }
        query = {"list_resources": {"owner": self.user.id}}
        return path.get(name, {}), query.get(name, {})


def _orders(operation: Operation[Any, Any]) -> Iterator[dict[str, str]]:
    if not issubclass(operation.request_model, SortedFilters):
        yield {}
        return
    for column in sortable_columns():
        for order in ("asc", "desc"):
            yield {"sortBy": column.name, "sortOrder": order}


def _page(body: Mapping[str, Any]) -> Mapping[str, Any]:
    page: Mapping[str, Any] = body.get("members", body)
    return page


def test_every_cursor_leads_to_the_next_page_until_all_items_were_seen(world: World) -> None:
    crowd = Crowd(world)
    for name, operation in LISTS.items():
        path, query = crowd.request(name)
        for order in _orders(operation):
            asked, seen = {**query, **order, "limit": "1"}, []
            while True:
                reply = world.invoke(operation, path=path, query=asked)
                assert reply.status == 200, (name, order, reply.body)
                page = _page(reply.body)
                seen += page["items"]
                cursor = page["pagination"].get("nextCursor")
                if cursor is None:
                    break
                assert len(cursor) <= LENGTH_AT_MOST
                asked["cursor"] = cursor
            assert len(seen) == page["pagination"]["total"] >= 3, name
            assert all(each not in seen[place + 1 :] for place, each in enumerate(seen)), name
