"""Which users a request selects: filters, segments, and facts that are not known (U3, U4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.directory.delete_segment import delete_segment
from functions.directory.list_users import list_users
from functions.directory.update_segment import update_segment
from rollcall.directory.conditions import Condition, SkippedFilter
from rollcall.directory.directory import open_directory
from rollcall.directory.filters import UserFilters
from rollcall.directory.selections import (
    read_known_facts,
    read_selection,
    refuse_skipped,
    select_users,
)
from rollcall.kit.errors import Invalid, NotFound
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from tests.world.gateway import Reply
from tests.world.world import World


@pytest.fixture
def peopled(world: World) -> World:
    """A world whose directory has Ada, who is active, Berta, who is suspended, and Clara, who is
    soft-deleted; and the admin, without a name.
    """
    world.add_user(name="Ada")
    world.add_user(name="Berta", status=Status.SUSPENDED)
    clara = world.add_user(name="Clara")
    world.change_user(clara, clara.as_deleted(world.clock.now))
    world.build_directory()
    return world


def list_them(world: World, **query: str) -> Reply:
    return world.invoke(list_users, query={"sortBy": "name", **query})


def names(reply: Reply) -> list[str]:
    return [user["name"] for user in reply.body["items"]]


def count(world: World, filters: UserFilters, *, with_deleted: bool) -> int:
    call = world.call()
    database = open_directory(call)
    selection = read_selection(call, database, filters)
    found = selection.with_deleted if with_deleted else selection.shown
    return len(database.fetch(f"SELECT id FROM users WHERE {found.sql}", found.parameters))  # noqa: S608 (the condition under test)


def test_soft_deleted_users_are_shown_only_if_selected(peopled: World) -> None:
    everybody, deleted = UserFilters(), UserFilters(status=(Status.DELETED,))
    for filters, shown, all_of_them in ((everybody, 3, 4), (deleted, 1, 1)):
        assert count(peopled, filters, with_deleted=False) == shown
        assert count(peopled, filters, with_deleted=True) == all_of_them


def test_segment_is_combined_with_other_filters(peopled: World) -> None:
    segment = peopled.add_segment("With a name", "name pr")

    assert names(list_them(peopled, segment=segment.id)) == ["Ada", "Berta"]
    assert names(list_them(peopled, segment=segment.id, status="suspended")) == ["Berta"]
    assert names(list_them(peopled, segment=segment.id, filter='name sw "A"')) == ["Ada"]


def test_or_in_a_segment_stays_within_it(peopled: World) -> None:
    segment = peopled.add_segment("Two of them", 'name eq "Ada" or name eq "Berta"')
    assert names(list_them(peopled, segment=segment.id, search="ada")) == ["Ada"]


def test_segment_that_filters_by_status_includes_deleted_users(peopled: World) -> None:
    segment = peopled.add_segment("Not in use", 'status ne "active"')
    assert names(list_them(peopled, segment=segment.id)) == ["Berta", "Clara"]


def test_segment_is_used_with_its_current_filter(peopled: World) -> None:
    segment = peopled.add_segment("Changing", 'name eq "Ada"')
    path = {"segment_id": segment.id}

    peopled.invoke(update_segment, path=path, body={"filter": 'name eq "Berta"'})
    assert names(list_them(peopled, segment=segment.id)) == ["Berta"]

    peopled.invoke(delete_segment, path=path)
    reply = list_them(peopled, segment=segment.id)
    assert (reply.status, reply.body["detail"]) == (404, "Segment not found")


@pytest.mark.parametrize(
    "text", ["shoeSize gt 44", 'isAdmin eq "yes"', "resources gt 2", "status eq"]
)
def test_segment_with_an_outdated_filter_is_refused_with_its_name(
    peopled: World, text: str
) -> None:
    segment = peopled.add_segment("From long ago", text)

    reply = list_them(peopled, segment=segment.id)

    assert (reply.status, reply.fields) == (422, ["segment"])
    (error,) = reply.body["errors"]
    assert error["code"] == "segment_outdated"
    start = "The filter of the segment From long ago is no longer valid: "
    assert error["message"].startswith(start)


def test_unknown_facts_in_a_segment_are_skipped_and_reported(peopled: World) -> None:
    segment = peopled.add_segment("Diligent", "name pr and facts.learning.progress ge 50")

    reply = list_them(peopled, segment=segment.id)

    assert names(reply) == ["Ada", "Berta"]
    assert reply.body["skippedFilters"] == [
        {"filter": "facts.learning.progress ge 50", "reason": "unknown_source"}
    ]


def test_wrong_filters_and_unknown_segments_are_refused(peopled: World) -> None:
    call = peopled.call()
    database = open_directory(call)
    with pytest.raises(Invalid) as refused:
        select_users(call, database, UserFilters(filter="shoeSize gt 44"))
    assert [error.field for error in refused.value.errors] == ["filter"]
    with pytest.raises(NotFound):
        select_users(call, database, UserFilters(segment="seg_unknown"))


def test_known_facts_are_collected_from_all_users_by_source(peopled: World) -> None:
    ada, berta = (user.id for user in peopled.users() if user.name in {"Ada", "Berta"})
    peopled.push_facts(ada, "learning", progress=50)
    peopled.clock.advance(hours=1)
    peopled.push_facts(berta, "learning", certified=True)

    call = peopled.call()
    known = read_known_facts(call, open_directory(call))

    (learning,) = known.sources.values()
    assert learning.names == {"progress", "certified"}
    assert learning.pushed_at == peopled.clock.now


def test_setting_defines_how_long_facts_are_fresh(peopled: World) -> None:
    ada = next(user for user in peopled.users() if user.name == "Ada")
    peopled.push_facts(ada.id, "learning", progress=50)
    for days, reason in ((1, "stale_source"), (3, None)):
        settings = peopled.runtime.settings.model_copy(update={"facts_fresh_days": days})
        world = replace(peopled, runtime=replace(peopled.runtime, settings=settings))
        call = world.call()
        later = replace(call, now=call.now + timedelta(days=2))
        known = read_known_facts(later, open_directory(later))
        assert known.why_not("learning", "progress") == reason


def test_what_acts_on_selected_users_can_be_allowed_to_skip_filters_and_nothing_else() -> None:
    selecting = [
        each for each in read_catalog().operations if issubclass(each.request_model, UserFilters)
    ]
    assert {each.name for each in selecting} >= {"list_users", "export_users", "search_users"}
    for operation in selecting:
        can_be_allowed = "allow_skipped" in operation.request_model.model_fields
        assert can_be_allowed is bool(operation.writes), operation.name


def test_refusal_names_the_first_filters_and_lists_all() -> None:
    skipped = tuple(
        SkippedFilter(filter=f"facts.{name}.level gt 1", reason="unknown_source")
        for name in ("a", "b", "c", "d" * 200)
    )
    refuse_skipped(Condition("TRUE"))

    with pytest.raises(Invalid) as refused:
        refuse_skipped(Condition("TRUE", (), skipped))

    assert [each.field for each in refused.value.errors] == ["filter"] * 4
    assert "facts.a.level gt 1, facts.b.level gt 1, facts.c.level gt 1." in refused.value.detail
    assert all(len(each.message) < 200 for each in refused.value.errors)


def test_list_shows_why_a_segment_cannot_be_used_any_more(peopled: World) -> None:
    for text, words in (('status eq "nonsense"', "one of active"), ("shoeSize gt 4", "shoeSize")):
        segment = peopled.add_segment("Outdated", text)

        reply = list_them(peopled, segment=segment.id)

        assert (reply.status, reply.fields) == (422, ["segment"])
        assert reply.body["errors"][0]["code"] == "segment_outdated"
        assert "The filter of the segment Outdated is no longer valid" in reply.body["detail"]
        assert words in reply.body["detail"]
