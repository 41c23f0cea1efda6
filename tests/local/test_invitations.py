"""From the invitation to the first call over HTTP, with the link in the mail (I1, I3, U16)."""

from __future__ import annotations

import secrets

import httpx
import pytest

from rollcall_infra.local.sign_in import sign_in
from tests.api.acceptance import Session
from tests.local.running import LocalRollcall, calling_from

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""

PASSWORD = "Correct-Horse-7"


def me(local: LocalRollcall, email: str) -> dict[str, object]:
    """Sign in as this user and return the answer of ``GET /me``."""
    described = local.described
    cognito = local.aws("cognito-idp")
    token = sign_in(cognito, described["clientId"], email, PASSWORD)
    return Session(local.api, token).answer("GET", "/me")


def test_invited_user_accepts_and_signs_in_with_the_chosen_password(
    local: LocalRollcall,
) -> None:
    admin, email = Session(local.api, local.admin_token), f"user-{secrets.token_hex(4)}@example.com"
    group_id = admin.create_named("/admin/groups")
    admin.create("/admin/invitations", email=email, groups=[group_id], message="Welcome!")

    token = local.mailed_token(email)
    with calling_from("127.0.0.4", local.api) as anybody:
        shown = anybody.get(f"/invitations/{token}").json()
        body = {"name": "Invited User", "password": PASSWORD}
        accepted = anybody.post(f"/invitations/{token}/accept", json=body)
        again = anybody.post(f"/invitations/{token}/accept", json=body)

    assert (shown["email"], shown["message"]) == (email, "Welcome!")
    assert accepted.status_code == 200, accepted.text
    assert again.status_code == 410
    found = me(local, email)
    assert (found["name"], found["groups"]) == ("Invited User", [group_id])
    assert token not in local.printed
    for log in ("functions.log", "aws.log"):
        assert token not in (local.state / log).read_text()


def test_registered_user_signs_in_after_confirming_the_address(local: LocalRollcall) -> None:
    email = f"user-{secrets.token_hex(4)}@example.com"
    with calling_from("127.0.0.5", local.api) as anybody:
        assert anybody.post("/register", json={"email": email}).status_code == 202
        token = local.mailed_token(email)
        sent = {"token": token, "name": "New User", "password": PASSWORD}
        verified: httpx.Response = anybody.post("/register/verify", json=sent)

    assert verified.status_code == 200, verified.text
    assert me(local, email)["name"] == "New User"
