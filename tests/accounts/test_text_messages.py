"""Nothing that would need a text message is begun in a deployment that sends none."""

from __future__ import annotations

from typing import Any

import pytest

from functions.users.create_user import create_user
from functions.users.reset_password import reset_password
from functions.users.update_user import update_user
from rollcall.accounts.text_messages import require_deliverable
from rollcall.kit.identity import IdentityRefused
from tests.world.gateway import Reply
from tests.world.world import World

PHONE, PASSWORD = "+4915112345678", "TempPass123!"


def create(world: World, **body: Any) -> Reply:
    return world.invoke(create_user, body=body)


def check_refused(reply: Reply, field: str = "email") -> None:
    assert (reply.status, reply.body["code"]) == (422, "sms_unavailable")
    assert [each["field"] for each in reply.body["errors"]] == [field]


@pytest.mark.parametrize(
    "sent", [{}, {"sendInvite": True}, {"sendInvite": True, "temporaryPassword": PASSWORD}]
)
def test_user_with_only_a_phone_is_not_invited(world: World, sent: dict[str, Any]) -> None:
    before = len(world.items())
    check_refused(create(world, phone=PHONE, **sent))
    assert len(world.items()) == before


@pytest.mark.parametrize("sent", [{"sendInvite": False}, {"temporaryPassword": PASSWORD}])
def test_user_with_only_a_phone_is_created_if_nothing_is_sent(
    world: World, sent: dict[str, Any]
) -> None:
    assert create(world, phone=PHONE, **sent).status == 201


def test_reset_for_a_user_with_only_a_phone_needs_a_password(world: World) -> None:
    user = world.add_user(email="")
    user = world.change_user(user, user.model_copy(update={"email": None, "phone": PHONE}))
    path = {"user_id": user.id}
    check_refused(world.invoke(reset_password, path=path))
    assert world.user(user.id) == user
    assert world.invoke(reset_password, path=path, body={"newPassword": PASSWORD}).status == 200


def test_email_stays_while_an_unused_password_would_have_to_go_to_the_phone(world: World) -> None:
    user_id = str(create(world, email="jane@example.com", phone=PHONE).body["id"])

    check_refused(world.invoke(update_user, path={"user_id": user_id}, body={"email": None}))

    user = world.user(user_id)
    assert (user.email, user.in_step) == ("jane@example.com", True)
    world.runtime.identity.set_password(user_id, PASSWORD, permanent=True)
    removed = world.invoke(update_user, path={"user_id": user_id}, body={"email": None})
    assert removed.status == 200


def test_deployment_with_text_messages_refuses_nothing(world: World) -> None:
    world.configure(sms=True)
    assert create(world, phone=PHONE).status == 201
    require_deliverable(world.call(), None)


def test_email_needs_no_text_message(world: World) -> None:
    require_deliverable(world.call(), "jane@example.com")
    with pytest.raises(IdentityRefused):
        require_deliverable(world.call(), None)
