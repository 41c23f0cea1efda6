"""Exports of few and many users: each user once, one file and one record, even with retries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from rollcall.directory.conditions import Condition, SkippedFilter
from rollcall.directory.database import Database
from rollcall.directory.export import Export
from rollcall.directory.export_files import Selected, write_part
from rollcall.directory.export_formats import ExportFormat, read_export
from rollcall.directory.export_steps import (
    LIMITS,
    Begun,
    Exporter,
    ExportProgress,
    ExportRequest,
    Limits,
    UsersFile,
)
from rollcall.kit.actor import system_actor
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Malformed, Unavailable
from tests.directory.population import NOW, make_row, open_database
from tests.world.aws_edge import failing
from tests.world.world import World

EVERYBODY = Condition("TRUE")
IN_STEPS = Limits(writes_for=timedelta(0))
"""Each call stores the smallest part that S3 takes."""
ROWS = 60_000
BIO = "x" * 180
REQUEST = ExportRequest.model_validate({"columns": "id,name,bio,createdAt"})


@cache
def few() -> Database:
    return open_database(make_row(f"usr_{number}", name="Åsa") for number in range(5))


def make_many() -> Database:
    """Users whose export takes three parts."""
    return open_database(
        make_row(f"usr_{number:05}", bio=BIO, created_at=NOW + timedelta(seconds=number // 2))
        for number in range(ROWS)
    )


@cache
def many() -> Database:
    return make_many()


def go_on(
    world: World,
    database: Database,
    request: ExportRequest = REQUEST,
    limits: Limits = LIMITS,
    *,
    condition: Condition = EVERYBODY,
    call: Call | None = None,
) -> UsersFile | ExportProgress:
    """One call."""
    selected = Selected(database, condition, request.order, request.chosen, request.format)
    call = call or world.call("export_users")
    return Exporter(call, selected, request, limits).go_on(database.folder)


def ask_for(
    world: World, cursor: str | None = None, database: Database | None = None
) -> ExportProgress:
    """One call that goes on from a cursor."""
    request = REQUEST.model_copy(update={"cursor": cursor})
    answer = go_on(world, database or many(), request, IN_STEPS)
    assert isinstance(answer, ExportProgress)
    return answer


def finish(world: World, cursor: str | None = None) -> ExportProgress:
    """As many calls as it takes."""
    answer = ask_for(world, cursor)
    while answer.status == "running":
        answer = ask_for(world, answer.cursor)
    return answer


def whole(database: Database, request: ExportRequest = REQUEST) -> bytes:
    """The file in one go."""
    file = BytesIO()
    selected = Selected(database, EVERYBODY, request.order, request.chosen, request.format)
    write_part(file, selected, None, lambda _: False)
    return file.getvalue()


def files(world: World) -> Sequence[str]:
    return list(world.runtime.objects.list_keys("exports/"))


def stored(world: World) -> bytes:
    """The content of the only file."""
    (key,) = files(world)
    return bytes(world.s3.get_object(Bucket="rollcall", Key=key)["Body"].read())


def exports(world: World) -> list[Export]:
    items = [each for each in world.items() if each["pk"].startswith("EXPORT#")]
    return [Export.model_validate(each) for each in items]


@pytest.mark.parametrize("file_format", ExportFormat)
def test_few_users_are_the_answer_itself(world: World, file_format: ExportFormat) -> None:
    request = REQUEST.model_copy(update={"format": file_format})

    answer = go_on(world, few(), request)

    assert isinstance(answer, UsersFile)
    assert answer.content.encode() == whole(few(), request)
    assert answer.content_type in UsersFile.content_types
    assert answer.file_name == f"users-2026-01-05.{file_format}"
    assert files(world) == []


@pytest.mark.parametrize("limits", [Limits(rows_in_answer=4), Limits(bytes_in_answer=100)])
def test_what_is_too_large_for_an_answer_is_behind_a_link(world: World, limits: Limits) -> None:
    answer = go_on(world, few(), limits=limits)

    assert isinstance(answer, ExportProgress)
    assert (answer.status, answer.rows, answer.total, answer.cursor) == ("complete", 5, 5, None)
    assert answer.expires_at == world.clock.now + timedelta(minutes=15)
    link = urlsplit(str(answer.url))
    asked = parse_qs(link.query)
    assert link.path.removeprefix("/rollcall").removeprefix("/") in files(world)
    assert asked["X-Amz-Expires"] == ["900"]
    assert asked["response-content-disposition"][0].endswith("users-2026-01-05.csv")
    assert stored(world) == whole(few())
    (key,) = files(world)
    kept = world.s3.head_object(Bucket="rollcall", Key=key)
    assert kept["ContentType"] == "text/csv; charset=utf-8"


def test_filters_that_were_left_out_of_account_are_named(world: World) -> None:
    skipped = SkippedFilter(filter="facts.learning.progress gt 5", reason="unknown_source")

    answer = go_on(world, few(), condition=replace(EVERYBODY, skipped=(skipped,)))

    assert isinstance(answer, ExportProgress)
    assert (answer.status, answer.skipped_filters) == ("complete", (skipped,))
    assert [each.skipped_filters for each in exports(world)] == [(skipped.filter,)]


def test_record_has_the_details_of_the_export(world: World) -> None:
    request = ExportRequest.model_validate(
        {"columns": "id,email", "format": "jsonl", "search": "anna", "progress_min": "12.5"}
        | {"status": "active,inactive", "is_admin": "false", "reason": "Newsletter"}
    )
    go_on(world, few(), request)

    (export,) = exports(world)
    assert export.id.startswith("exp_")
    assert (export.format, export.columns, export.user_count) == ("jsonl", ("id", "email"), 5)
    assert export.filters == {
        "search": "anna",
        "status": ("active", "inactive"),
        "is_admin": False,
        "progress_min": "12.5",
    }
    (entry,) = world.journal(export.id)
    assert (entry.action, entry.target.kind, entry.target.version) == ("export_users", "export", 1)


def test_many_users_are_written_step_by_step_into_one_file(world: World) -> None:
    first = ask_for(world)
    assert (first.status, first.total, first.url) == ("running", ROWS, None)
    assert 0 < first.rows < ROWS
    second = ask_for(world, first.cursor)
    assert (second.status, second.total) == ("running", ROWS)
    assert first.rows < second.rows < ROWS
    assert (files(world), exports(world)) == ([], [])

    third = ask_for(world, second.cursor)

    assert (third.status, third.rows, third.total, third.cursor) == ("complete", ROWS, ROWS, None)
    assert stored(world) == whole(many())
    (export,) = exports(world)
    assert export.user_count == ROWS
    assert export.id in str(third.url)


def test_many_users_are_written_at_once_when_there_is_time(world: World) -> None:
    answer = go_on(world, many())

    assert isinstance(answer, ExportProgress)
    assert (answer.status, answer.rows) == ("complete", ROWS)
    assert stored(world) == whole(many())


def test_part_ends_when_it_is_large_enough(world: World) -> None:
    answer = go_on(world, many(), limits=Limits(part_at_most=5 * 1024 * 1024))

    assert isinstance(answer, ExportProgress)
    assert answer.status == "running"


def test_no_user_is_missing_or_repeated_while_users_change(world: World) -> None:
    database = make_many()
    first = ask_for(world, database=database)
    written = [f"usr_{number:05}" for number in range(ROWS - 1, ROWS - 1 - first.rows, -1)]
    begun, ahead = written[0], "usr_00000"
    late = make_row("usr_late", created_at=NOW + timedelta(days=9))
    database.replace(
        {
            begun: make_row(begun, name="Renamed", created_at=NOW + timedelta(seconds=ROWS // 2)),
            ahead: make_row(ahead, name="Renamed", created_at=NOW),
            "usr_00001": None,
            "usr_late": late,
        }
    )

    answer = first
    while answer.status == "running":
        answer = ask_for(world, answer.cursor, database)

    users = {
        str(each["id"]): each for each in read_export(ExportFormat.CSV, BytesIO(stored(world)))
    }
    assert answer.rows == len(users) == stored(world).count(b"\r\n") - 1
    assert users.keys() == {f"usr_{number:05}" for number in range(ROWS)} - {"usr_00001"}
    assert users[ahead]["name"] == "Renamed"
    assert "name" not in users[begun]


def test_each_call_may_be_sent_again(world: World) -> None:
    first = ask_for(world)
    second = ask_for(world, first.cursor)
    again = ask_for(world, first.cursor)
    assert again == second

    last, repeated = ask_for(world, again.cursor), ask_for(world, second.cursor)
    # A link is signed with the second in which it is made.
    assert repeated.model_copy(update={"url": last.url}) == last
    assert (repeated.status, repeated.rows) == ("complete", ROWS)

    assert stored(world) == whole(many())
    assert len(exports(world)) == 1


def test_export_continued_twice_from_one_cursor_is_not_mixed_up(world: World) -> None:
    database = make_many()
    first = ask_for(world, database=database)
    second = ask_for(world, first.cursor, database)
    database.replace({"usr_20000": None})
    other = ask_for(world, first.cursor, database)

    with pytest.raises(Conflict) as refused:
        ask_for(world, second.cursor, database)
    assert refused.value.code == "export_lost"
    assert files(world) == []

    assert ask_for(world, other.cursor, database).rows == ROWS - 1
    assert stored(world).count(b"\r\n") == ROWS
    (record,) = exports(world)
    assert record.user_count == ROWS - 1


def test_cursor_is_as_short_after_any_number_of_parts() -> None:
    begun = Begun(export_id="exp_1", upload_id="u" * 200, rows=10**9, after={"value": "v" * 800})
    state = begun
    for number in range(10_000):
        state = state.with_part(f'"{number:032}"')

    first, last = (len(each.model_dump_json()) for each in (begun.with_part("x"), state))
    assert last <= first + len("10000")
    assert last < 3_000


@pytest.mark.parametrize("operation", ["UploadPart", "ListParts", "CompleteMultipartUpload"])
def test_export_can_be_retried_when_storage_does_not_answer(world: World, operation: str) -> None:
    first = ask_for(world)
    cursor = ask_for(world, first.cursor).cursor
    with failing(world.aws, "s3", operation, code="SlowDown"), pytest.raises(Unavailable):
        ask_for(world, cursor)

    answer = ask_for(world, cursor)

    assert (answer.status, answer.rows) == ("complete", ROWS)
    assert stored(world) == whole(many())
    assert len(exports(world)) == 1


def test_export_that_storage_has_forgotten_is_begun_again(world: World) -> None:
    first = ask_for(world)

    lost = failing(world.aws, "s3", "UploadPart", code="NoSuchUpload")
    with lost, pytest.raises(Conflict) as refused:
        ask_for(world, first.cursor)

    assert refused.value.code == "export_lost"
    assert exports(world) == []
    assert finish(world).status == "complete"


def test_cursor_is_valid_only_for_its_caller_and_its_request(world: World) -> None:
    first = ask_for(world)
    request = REQUEST.model_copy(update={"cursor": first.cursor})
    others: list[dict[str, object]] = [
        {"format": ExportFormat.JSONL},
        {"columns": ("id",)},
        {"search": "anna"},
        {"sort_order": "asc"},
        {"cursor": f"{first.cursor}A"},
    ]
    for other in others:
        with pytest.raises(Malformed):
            go_on(world, many(), request.model_copy(update=other), IN_STEPS)
    stranger = replace(world.call("export_users"), actor=system_actor("stranger"))
    with pytest.raises(Malformed):
        go_on(world, many(), request, IN_STEPS, call=stranger)


@pytest.mark.parametrize(
    "query",
    [
        {"columns": "id,shoeSize"},
        {"columns": ""},
        {"columns": "nameKey"},
        {"columns": "facts"},
        {"columns": 'id", (SELECT 1) AS "x'},
        {"format": "xlsx"},
        {"sortBy": "bio"},
        {"page": "2"},
        {"limit": "10"},
    ],
)
def test_what_there_is_not_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ExportRequest.model_validate(query)


def test_columns_are_unique_and_in_the_requested_order() -> None:
    asked = ExportRequest.model_validate({"columns": ["name,id", "name"]}, by_name=False)
    assert [each.name for each in asked.chosen] == ["name", "id"]


def test_columns_can_be_spelled_as_parameters() -> None:
    asked = ExportRequest.model_validate({"columns": "birth_date,NAME,name"}, by_name=False)
    assert [each.name for each in asked.chosen] == ["birthDate", "name"]


def test_similar_column_is_named() -> None:
    with pytest.raises(ValidationError, match=r"Did you mean birthDate\?"):
        ExportRequest.model_validate({"columns": "birthDay"}, by_name=False)
