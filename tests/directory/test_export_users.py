"""GET /admin/users/export (B3)."""

from __future__ import annotations

import io
from typing import Any

import pytest

from functions.directory.export_users import export_users
from functions.directory.list_users import list_users
from rollcall.directory.export_formats import ExportFormat, read_export
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def export(world: World, caller: str = "", **query: str) -> Reply:
    return world.invoke(export_users, caller=caller, query=query)


def read(reply: Reply, file_format: ExportFormat = ExportFormat.JSONL) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.body
    return list(read_export(file_format, io.BytesIO(reply.text.encode())))


@pytest.mark.parametrize("file_format", ExportFormat)
def test_file_has_the_users_of_the_list_in_its_order(
    world: World, file_format: ExportFormat
) -> None:
    for name in ("Zoe", "Ada", "=cmd()"):
        world.add_user(name=name, permissions=(Permission.USER_VIEW,))
    world.add_resource(world.add_user(user_types=("learner",)).id)
    world.build_directory()
    asked = {"sortBy": "name", "filter": "isAdmin eq false"}

    reply = export(world, format=file_format, **asked)

    items = world.invoke(list_users, query=asked).body["items"]
    users = [
        {name: value for name, value in each.items() if value not in ([], {})}
        for each in read(reply, file_format)
    ]
    shown = [
        {name: value for name, value in each.items() if value not in ([], {})} for each in items
    ]
    assert users == shown
    assert len(users) == 4


def test_answer_is_a_file_with_a_name(world: World) -> None:
    world.build_directory()

    sheet, lines = export(world), export(world, format="jsonl")

    assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="users-2026-01-05.csv"'
    assert sheet.text.startswith('\ufeff"id","version","name","email"')
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert lines.headers["Content-Disposition"].endswith('users-2026-01-05.jsonl"')


def test_latest_changes_are_in_the_file(world: World) -> None:
    world.build_directory()
    user = world.add_user(name="Ada")
    assert [each["id"] for each in read(export(world, format="jsonl", search="ada"))] == [user.id]


def test_segments_and_columns_are_honoured(world: World) -> None:
    learner = world.add_user(user_types=("learner",))
    segment_id = world.add_segment("Learners", 'userTypes eq "learner"').id
    world.build_directory()

    reply = export(world, segment=segment_id, columns="id,userTypes")

    assert reply.text == f'\ufeff"id","userTypes"\r\n"{learner.id}","learner"\r\n'


def test_journal_has_the_actor_the_export_and_the_reason(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_EXPORT,))
    world.build_directory()

    for _ in range(2):
        export(world, caller.id, columns="id,email", is_admin="true", reason="Newsletter")

    entries = [each for each in world.journal() if each.action == "export_users"]
    assert len(entries) == 2, "each reading is one"
    for entry in entries:
        assert (entry.actor.id, entry.reason) == (caller.id, "Newsletter")
        changed = {name: change.after for name, change in entry.changes.items()}
        assert changed.pop("id") == entry.target.id
        assert changed == {
            "format": "csv",
            "columns": ["id", "email"],
            "filters": {"is_admin": True},
            "userCount": 1,
        }


def test_listing_users_is_not_enough_to_take_them_away(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))
    world.build_directory()

    reply = export(world, caller.id)

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert not any(each.action == "export_users" for each in world.journal())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"columns": "id,shoeSize"}, "columns"),
        ({"format": "xml"}, "format"),
        ({"sortBy": "bio"}, "sortBy"),
        ({"filter": "shoeSize gt 44"}, "filter"),
        ({"page": "1"}, "page"),
        ({"shoe_size": "44"}, "shoe_size"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    world: World, query: dict[str, str], field: str
) -> None:
    world.build_directory()
    reply = export(world, **query)
    assert (reply.status, reply.fields) == (422, [field])


def test_segment_and_cursor_that_there_are_not_are_refused(world: World) -> None:
    world.build_directory()
    assert export(world, segment="seg_none").status == 404
    assert (export(world, cursor="x").status, export(world, cursor="x").code) == (
        400,
        "cursor_invalid",
    )


def test_idempotency_key_is_no_matter_of_a_get(world: World) -> None:
    world.build_directory()
    headers = {"Idempotency-Key": "key-1"}
    for query in ({}, {"format": "jsonl"}):
        assert world.invoke(export_users, query=query, headers=headers).status == 200
    assert not [each for each in world.items() if each["pk"].startswith("IDEMPOTENCY")]


SKIPPED = {
    "facts.learning.progress gt 5": "unknown_source",
    "facts.hr.office pr": "unknown_fact",
    "facts.old.level ge 1": "stale_source",
    "resources.spaceship gt 0": "unknown_resource_type",
}


@pytest.fixture
def pushed(world: World) -> World:
    """A world with the facts of a source that is up to date, and of one that is not."""
    user = world.add_user(name="Ada")
    world.push_facts(user.id, "old", level=1)
    world.clock.advance(days=8)
    world.push_facts(user.id, "hr", grade=2)
    world.build_directory()
    return world


@pytest.mark.parametrize("text", SKIPPED)
@pytest.mark.parametrize("form", ['not ({}) and name eq "Ada"', '{} or name eq "Ada"', "{}"])
def test_filter_that_lists_skip_is_refused_unless_it_is_allowed(
    pushed: World, text: str, form: str
) -> None:
    asked = form.format(text)
    refused = export(pushed, filter=asked)
    assert (refused.status, refused.code, refused.fields) == (422, "filters_skipped", ["filter"])
    assert text in refused.body["detail"]
    (error,) = refused.body["errors"]
    assert (error["code"], text in error["message"]) == (SKIPPED[text], True)
    assert not any(each.action == "export_users" for each in pushed.journal())

    allowed = export(pushed, filter=asked, allowSkipped="true")
    assert allowed.status == 202
    assert [each["filter"] for each in allowed.body["skippedFilters"]] == [text]
    (entry,) = (each for each in pushed.journal() if each.action == "export_users")
    assert entry.changes["skippedFilters"].after == [text]


def test_skipped_filters_of_segments_and_short_parameters_are_refused_too(pushed: World) -> None:
    segment_id = pushed.add_segment("Learners", "facts.learning.progress gt 5").id
    for query in ({"segment": segment_id}, {"progress_min": "5"}, {"has_enrollments": "true"}):
        reply = export(pushed, **query)
        assert (reply.status, reply.code) == (422, "filters_skipped"), query
        assert "facts.learning." in reply.body["detail"]


def test_filters_by_known_facts_need_no_allowance(pushed: World) -> None:
    (user,) = read(export(pushed, filter="facts.hr.grade ge 2", format="jsonl"))
    assert user["name"] == "Ada"
