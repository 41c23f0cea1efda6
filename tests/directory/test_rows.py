"""A user as the directory shows one (U2, U4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rollcall.directory.records import read_row
from rollcall.directory.rows import AuthMethod, FactCell, StoredRow
from rollcall.grants.permissions import Permission
from rollcall.users.fact_set import FactSet
from rollcall.users.statuses import Status
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FULL = {
    "avatar_url": "https://example.com/a.png",
    "bio": "Likes tea",
    "city": "Berlin",
    "country": "DE",
    "timezone": "Europe/Berlin",
    "gender": "female",
    "designation": "Engineer",
}


def row_of(world: World, user_id: str) -> StoredRow:
    row = read_row(world.runtime.table, user_id)
    assert row is not None
    return row


def test_row_shows_what_a_user_is_has_and_belongs_to(world: World) -> None:
    group_id, role_id = world.add_group("Editors"), world.add_role("Support")
    organization_id = world.add_organization("Example Corp")
    user = world.add_user(
        "ada@example.com",
        name="Ada Lovelace",
        permissions=(Permission.USER_VIEW,),
        profile={**FULL, "birth_date": "1990-12-10", "expertise": ["Mathematics"]},
    )
    world.join_group(user.id, group_id)
    world.give_role(user.id, role_id)
    world.join_organization(user.id, organization_id)
    world.add_resource(user.id)
    world.add_resource(user.id, "persona")

    row = row_of(world, user.id)

    assert (row.email, row.name, row.status) == ("ada@example.com", "Ada Lovelace", Status.ACTIVE)
    assert (row.groups, row.roles, row.organizations) == (
        (group_id,),
        (role_id,),
        (organization_id,),
    )
    assert row.permissions == (Permission.USER_VIEW,)
    assert (row.group_count, row.workspace_count) == (1, 1)
    assert row.resources == {"workspace": 1, "persona": 1}
    assert (row.city, row.country, row.expertise) == ("Berlin", "DE", ("Mathematics",))
    assert row.birth_date == date(1990, 12, 10)
    assert row.version == world.user(user.id).version


def test_sign_ins_and_facts_are_part_of_the_row(world: World) -> None:
    user = world.add_user()
    assert (row_of(world, user.id).last_login_at, row_of(world, user.id).login_count) == (None, 0)

    world.sign_in(user.id)
    world.sign_in(user.id, "google")
    world.push_facts(user.id, "learning", progress=50, tags=["a", "b"])

    row = row_of(world, user.id)
    assert (row.last_login_at, row.login_count) == (world.clock.now, 2)
    assert row.oauth_providers == ("google",)
    assert row.auth_methods == (AuthMethod.EMAIL, AuthMethod.OAUTH)
    assert [(each.source, each.name, each.number, each.text) for each in row.facts] == [
        ("learning", "progress", 50, None),
        ("learning", "tags", None, "a"),
        ("learning", "tags", None, "b"),
    ]


def test_platform_admin_has_the_role_system(world: World) -> None:
    row = row_of(world, world.admin_id)
    assert (row.is_admin, row.roles) == (True, ("rol_system",))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (True, False)),
        ({"phone": "+4915112345678"}, (True, True)),
        ({"status": Status.PENDING_VERIFICATION, "phone": "+4915112345678"}, (False, False)),
        ({"status": Status.INVITED, "phone": "+4915112345678"}, (False, False)),
        ({"status": Status.DELETED, "status_before_deletion": Status.INVITED}, (False, False)),
        ({"status": Status.DELETED, "status_before_deletion": Status.ACTIVE}, (True, False)),
    ],
)
def test_addresses_are_verified_unless_the_user_has_yet_to_do_so(
    world: World, fields: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    row = row_of(world, world.add_user(**fields).id)
    assert (row.email_verified, row.phone_verified) == expected


def test_password_is_known_of_when_an_admin_chose_it_or_the_user_signed_in_with_it(
    world: World,
) -> None:
    chosen = world.add_user(password_set_at=world.clock.now)
    used, federated, none = world.add_user(), world.add_user(), world.add_user()
    world.sign_in(used.id)
    world.sign_in(federated.id, "google")

    has = {each.id: row_of(world, each.id).has_password for each in (chosen, used, federated, none)}

    assert list(has.values()) == [True, True, False, False]


def test_profile_is_complete_when_four_fifths_of_it_are_there(world: World) -> None:
    without_city = {name: value for name, value in FULL.items() if name != "city"}
    rows = [
        row_of(world, world.add_user(name=name, profile=profile).id)
        for name, profile in [("Ada", FULL), ("Ada", without_city), (None, without_city)]
    ]
    assert [row.profile_complete for row in rows] == [True, True, False]


def test_only_users_who_can_be_restored_have_a_row_after_deletion(world: World) -> None:
    gone, kept = world.add_user(), world.add_user()
    world.change_user(gone, gone.as_erased(world.clock.now))
    world.change_user(kept, kept.as_deleted(world.clock.now))

    assert read_row(world.runtime.table, gone.id) is None
    assert row_of(world, kept.id).status is Status.DELETED
    assert row_of(world, kept.id).deleted_at == world.clock.now


@pytest.mark.parametrize(
    ("value", "number", "text", "moment"),
    [
        (3, 3, None, None),
        (0.5, 0.5, None, None),
        (True, 1, None, None),
        ("active", None, "active", None),
        ("Jose\u0301 WEIß", None, "josé weiss", None),
        ("2026-01-05T10:00:00+01:00", None, "2026-01-05t10:00:00+01:00", NOW),
        ("2026-01-05", None, "2026-01-05", None),
        ("2026-01-05T10:00:00", None, "2026-01-05t10:00:00", None),
    ],
)
def test_fact_is_stored_as_number_text_or_time(
    value: object, number: float | None, text: str | None, moment: datetime | None
) -> None:
    facts = FactSet.none_of("usr_1", "learning", NOW)
    (cell,) = FactCell.all_of(facts.model_copy(update={"values": {"progress": value}}))
    assert (cell.number, cell.text, cell.moment) == (number, text, moment)
    assert cell.pushed_at == NOW


def test_search_text_has_base_letters_and_keeps_values_apart(world: World) -> None:
    user = world.add_user("ada@example.com", name="ÅSA \uff37eiß", unique_id="U-77", username="asa")
    assert row_of(world, user.id).search_text.split("\n") == [
        "asa weiss",
        "ada@example.com",
        "asa",
        "u-77",
    ]


def test_change_of_a_user_is_a_change_of_the_row(world: World) -> None:
    user = world.add_user(name="Before")
    world.clock.advance(days=1)
    world.change_user(user, user.model_copy(update={"name": "After"}))
    row = row_of(world, user.id)
    assert (row.name, row.search_text.split("\n")[0], row.version) == ("After", "after", 2)
    assert row.updated_at - row.created_at == timedelta(days=1)
