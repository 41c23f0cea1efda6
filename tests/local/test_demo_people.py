"""The fictitious people of ``rollcall demo``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall_infra.local.demo_people import NUMBER, YEAR, Fate, make_people

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_each_run_makes_the_same_people_with_addresses_of_their_own() -> None:
    earlier, later = list(make_people(NOW)), list(make_people(NOW + timedelta(days=3)))

    assert len({each.email for each in earlier}) == NUMBER
    assert [each.email for each in earlier] == [each.email for each in later]
    assert [each.profile for each in earlier] == [each.profile for each in later]


def test_people_are_created_then_sign_in_then_end_within_the_year() -> None:
    for person in make_people(NOW):
        times = [
            NOW - YEAR,
            person.since,
            *person.sign_ins,
            *([person.ended] if person.ended else []),
            NOW,
        ]
        assert times == sorted(times), person


def test_every_fate_occurs_and_the_clean_up_finds_lapsed_people() -> None:
    people = list(make_people(NOW))

    assert {each.fate for each in people} == set(Fate)
    lapsed = [each for each in people if each.fate == Fate.LAPSED]
    assert all(each.sign_ins[-1] <= NOW - timedelta(days=90) for each in lapsed)
