"""Organizations: slugs, claims, what counts, deletion (O1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.grants.built_in_roles import BUILT_IN_ROLES, SYSTEM
from rollcall.grants.holders import holders_of_role
from rollcall.grants.organization import (
    SLUG,
    SLUG_AT_MOST,
    Organization,
    OrganizationAnswer,
    OrganizationRoleId,
    OrganizationSlug,
    suggest_slug,
    suggest_slugs,
)
from rollcall.kit.entity import Claim
from tests.world.aws_edge import watched
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SLUGS: TypeAdapter[str] = TypeAdapter(OrganizationSlug)
ROLES: TypeAdapter[str] = TypeAdapter(OrganizationRoleId)


def make_organization(**fields: Any) -> Organization:
    known = {"id": "org_1", "created_at": NOW, "updated_at": NOW, "name": "Acme Corp"}
    return Organization(**{**known, "slug": "acme", "default_role_id": "rol_user", **fields})


@given(name=st.text(max_size=200))
def test_slug_of_any_name_is_valid_or_empty(name: str) -> None:
    slug = suggest_slug(name)
    assert slug == "" or SLUGS.validate_python(slug) == slug


@given(name=st.text(st.characters(codec="ascii"), min_size=1, max_size=200))
def test_name_with_a_plain_letter_or_digit_always_gives_a_slug(name: str) -> None:
    assert bool(suggest_slug(name)) is bool(re.search("[A-Za-z0-9]", name))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme Corp", "acme-corp"),
        ("  Ärzte & Söhne, GmbH ", "arzte-sohne-gmbh"),
        ("株式会社", ""),
        ("x" * 62 + " y", "x" * 62),
    ],
)
def test_slugs_of_names(name: str, slug: str) -> None:
    assert suggest_slug(name) == slug


@pytest.mark.parametrize("slug", ["a", "0", "a-b", "a--b", "x" * SLUG_AT_MOST])
def test_valid_slugs_are_accepted(slug: str) -> None:
    assert SLUGS.validate_python(slug) == slug


@pytest.mark.parametrize(
    "slug", ["", "-", "-a", "a-", "A", "a_b", "a b", "ä", "a\n", "x" * (SLUG_AT_MOST + 1)]
)
def test_invalid_slugs_are_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        SLUGS.validate_python(slug)


def test_first_slug_costs_no_read(world: World) -> None:
    with watched(world.aws) as seen:
        assert next(suggest_slugs("Acme Corp", world.runtime.table)) == "acme-corp"
    assert seen == []


@pytest.mark.parametrize("name", ["Acme", "株式会社", "x" * 200, "x" * 53 + " " + "y" * 100])
def test_slug_candidates_are_valid_and_skip_taken_numbers(world: World, name: str) -> None:
    first, second, third, *_ = suggest_slugs(name, world.runtime.table)
    world.put_claim(Claim(SLUG, second))

    with watched(world.aws) as seen:
        slugs = list(suggest_slugs(name, world.runtime.table))

    assert slugs[:2] == [first, third]
    assert [call.operation for call in seen] == ["BatchGetItem"]
    assert len(set(slugs)) == len(slugs)
    assert all(SLUGS.validate_python(slug) == slug for slug in slugs)


def test_every_role_except_system_can_be_granted_to_members() -> None:
    for role in BUILT_IN_ROLES:
        if role is not SYSTEM:
            assert ROLES.validate_python(role.id) == role.id
    with pytest.raises(ValidationError, match="Promote the user instead"):
        ROLES.validate_python(SYSTEM.id)


def test_organization_claims_its_slug_and_counts_on_its_default_role() -> None:
    organization = make_organization()
    assert organization.claims() == {Claim(SLUG, "acme")}
    assert organization.counts() == {Organization.total(): 1, holders_of_role("rol_user"): 1}


def test_tombstone_counts_only_its_remaining_members() -> None:
    erased = make_organization(member_count=7).as_erased()

    assert not erased.exists
    assert erased.members_left == 7
    assert (erased.claims(), erased.counts(), erased.index()) == (frozenset(), {}, {})
    assert "expiresAt" not in erased.item(), "it stays until the last membership has ended"


def test_members_change_without_a_new_version() -> None:
    assert make_organization(member_count=7).facts() == make_organization().facts()


def test_answer_shows_the_organization() -> None:
    answer = OrganizationAnswer.of(make_organization(member_count=7, version=3))
    assert (answer.name, answer.slug, answer.default_role_id) == ("Acme Corp", "acme", "rol_user")
    assert (answer.member_count, answer.version) == (7, 3)
