"""Callers of public operations are anonymous and have no permissions (I3)."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.view_invitation import view_invitation
from functions.users.get_me import get_me
from rollcall.kit.errors import NotFound
from rollcall.kit.http import GatewayEvent
from rollcall.kit.text import COMPOSED_OF
from rollcall.public_operations import admit_anyone, admit_registrant
from rollcall_infra.catalog import read_catalog
from tests.world.gateway import make_event
from tests.world.world import World

EVENT = GatewayEvent.model_validate(
    make_event(view_invitation, claims={"username": "usr_1", "scope": "rollcall/admin"})
)


def test_caller_of_a_public_operation_is_anonymous_even_with_a_token(world: World) -> None:
    actor = admit_anyone(EVENT, world.runtime, world.clock.now)

    assert (actor.kind, actor.id, actor.permissions) == ("anonymous", "anonymous", frozenset())
    assert (actor.ip_address, actor.user_agent) == ("192.0.2.7", "pytest")
    assert actor.witnesses == {}


def test_registration_is_refused_unless_the_deployment_allows_it(world: World) -> None:
    admit_registrant(EVENT, world.runtime, world.clock.now)
    settings = world.runtime.settings.model_copy(update={"allow_registration": False})

    with pytest.raises(NotFound):
        admit_registrant(EVENT, replace(world.runtime, settings=settings), world.clock.now)


@pytest.mark.parametrize("size", [5_000, 50_000, 500_000])
def test_long_name_of_combining_marks_is_refused_without_being_normalized(
    world: World, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(form: Any, text: str) -> str:
        assert len(text) <= COMPOSED_OF * 200
        return normalize(form, text)

    normalize = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", count)
    body = {"password": "TempPass123!", "name": "\u0f71\u0f72" * (size // 2)}
    encoded = json.dumps(body, ensure_ascii=False)

    refused = world.invoke(accept_invitation, path={"token": "x"}, body=encoded)

    assert refused.status == (422 if size == 5_000 else 413)
    assert len(refused.text or str(refused.body)) < 1_000


def test_only_operations_declared_public_are_public_and_all_of_them_are_throttled() -> None:
    public = {each.name for each in read_catalog().operations if each.public}

    assert public == {
        "accept_invitation",
        "register_user",
        "verify_registration",
        "view_invitation",
    }
    assert all(bool(each.throttle) == each.public for each in read_catalog().operations)
    for each in read_catalog().operations:
        assert each.body_at_most == (16 * 1024 if each.public else 1024 * 1024)
    assert view_invitation.principals == ()
    assert not get_me.public
