"""What every running Rollcall must do, over HTTP with real tokens: one machine, an emulated AWS,
or a real one.

A test module derives a class from :class:`Acceptance` and has a fixture ``api`` beside it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "Correct-Horse-7"
SECONDS_AT_MOST = 30
"""How long what follows by itself may take."""


@dataclass(frozen=True)
class Api:
    """A running Rollcall as its clients see it."""

    url: str
    """Up to and with the stage, as ``http://127.0.0.1:8000/api``."""
    sign_in: Callable[[str, str], str]
    """(email, password) to access token; raises an exception when refused."""
    admin_email: str
    admin_password: str

    def admin(self) -> Session:
        """The first platform admin, signed in."""
        return self.session(self.admin_email, self.admin_password)

    def session(self, email: str, password: str = PASSWORD) -> Session:
        """Somebody, signed in."""
        return Session(self.url, self.sign_in(email, password))


@dataclass(frozen=True)
class Session:
    """One signed-in caller; without a token, nobody."""

    url: str
    token: str | None = None

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send one request; ``If_Match="1"`` is the header If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
        return httpx.request(method, self.url + path, headers=sent, timeout=60, **content)

    def create_user(self, **fields: Any) -> dict[str, Any]:
        """Make a user with an address that nobody has; returns the answer's body."""
        email = f"user-{secrets.token_hex(4)}@example.com"
        answer = self.send("POST", "/admin/users", {"email": email, "sendInvite": False, **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def create_member(self) -> dict[str, Any]:
        """Make a user who can sign in with PASSWORD."""
        user = self.create_user()
        body = {"newPassword": PASSWORD, "permanent": True}
        answer = self.send("POST", f"/admin/users/{user['id']}/reset-password", body)
        assert answer.status_code == 200, answer.text
        return user


def wait_for[T](look: Callable[[], T]) -> T:
    """What ``look`` returns as soon as it is true; fails when it does not become so."""
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.2)
    return found


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


class Acceptance:
    """The flow."""

    def test_call_without_a_good_token_is_refused(self, api: Api) -> None:
        token = api.admin().token or ""
        head, payload, signature = token.split(".")
        other = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
        tampered = (f"{head}.{other}.{signature}", f"{head}.{payload}.{signature[::-1]}")
        for bad in (None, "garbage", *tampered):
            assert Session(api.url, bad).send("GET", "/me").status_code == 401, bad

    def test_first_admin_may_do_everything(self, api: Api) -> None:
        me = api.admin().send("GET", "/me").json()
        assert me["email"] == api.admin_email
        assert me["isAdmin"] is True
        assert me["effectivePermissions"] == ["admin:access"]
        assert me["lastLoginAt"]

    def test_user_is_made_read_changed_and_deleted(self, api: Api) -> None:
        admin = api.admin()
        user = admin.create_user(name="New User", temporaryPassword="TempPass123!")
        path = f"/admin/users/{user['id']}"

        read = admin.send("GET", path)
        assert read.json()["name"] == "New User"
        changed = admin.send("PATCH", path, {"name": "Other"}, If_Match=read.headers["ETag"])
        assert (changed.status_code, changed.json()["name"]) == (200, "Other")
        stale = admin.send("PATCH", path, {"name": "Third"}, If_Match=read.headers["ETag"])
        assert refusal(stale) == (412, "stale_version")

        deleted = admin.send("DELETE", path)
        assert (deleted.status_code, deleted.json()["success"]) == (200, True)
        assert refusal(admin.send("GET", path)) == (404, "user_not_found")
        assert admin.create_user(email=user["email"])["id"] != user["id"]

    def test_promotion_and_demotion_count_at_the_next_request(self, api: Api) -> None:
        admin = api.admin()
        user = admin.create_member()
        session = api.session(user["email"])

        def outcome() -> int:
            return session.send("GET", f"/admin/users/{user['id']}").status_code

        assert outcome() == 403
        assert admin.send("POST", f"/admin/users/{user['id']}/promote").status_code == 200
        assert outcome() == 200
        assert admin.send("POST", f"/admin/users/{user['id']}/demote").status_code == 200
        assert outcome() == 403

    def test_disabled_user_is_refused_at_once_though_the_token_lives_on(self, api: Api) -> None:
        admin = api.admin()
        user = admin.create_member()
        session = api.session(user["email"])
        assert session.send("GET", "/me").status_code == 200

        assert admin.send("POST", f"/admin/users/{user['id']}/disable").status_code == 200

        assert refusal(session.send("GET", "/me")) == (403, "account_not_active")
        assert not may_sign_in(api, user["email"])
        assert admin.send("POST", f"/admin/users/{user['id']}/enable").status_code == 200
        # Sign-ins of the very second of the disabling do not count.
        wait_for(lambda: api.session(user["email"]).send("GET", "/me").status_code == 200)
        assert session.send("GET", "/me").status_code == 401

    def test_groups_are_made_listed_joined_and_left(self, api: Api) -> None:
        admin = api.admin()
        name = f"Group {secrets.token_hex(4)}"
        permissions = ["user.view"]
        made = admin.send("POST", "/admin/groups", {"name": name, "permissions": permissions})
        group_id = made.json()["id"]
        listed = admin.send("GET", "/groups?limit=1000").json()["items"]
        assert group_id in [group["id"] for group in listed]

        user = admin.create_member()
        session, path = api.session(user["email"]), f"/admin/users/{user['id']}"
        joined = admin.send("POST", f"{path}/groups", {"groupId": group_id, "role": "member"})
        assert joined.json()["groups"] == [group_id]
        assert session.send("GET", path).status_code == 200
        assert admin.send("DELETE", f"{path}/groups/{group_id}").json()["groups"] == []
        assert session.send("GET", path).status_code == 403

    def test_bad_requests_are_told_what_is_wrong(self, api: Api) -> None:
        admin = api.admin()
        user = admin.create_user()
        taken = {"email": user["email"]}

        def made(body: Any) -> tuple[int, str]:
            return refusal(admin.send("POST", "/admin/users", body))

        assert made("{") == (400, "malformed_json")
        assert made({"email": "no address", "colour": "red"}) == (422, "invalid")
        assert made({**taken, "email": user["email"].upper()}) == (409, "email_taken")
        assert made({"email": "a@example.com", "groups": ["grp_none"]})[0] in {404, 422}

    def test_request_sent_twice_with_one_key_has_one_effect(self, api: Api) -> None:
        admin, key = api.admin(), secrets.token_hex(8)
        body = {"email": f"once-{key}@example.com", "sendInvite": False}
        first, second = (
            admin.send("POST", "/admin/users", body, Idempotency_Key=key) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()

    def test_nobody_shuts_himself_out(self, api: Api) -> None:
        admin = api.admin()
        own = f"/admin/users/{admin.send('GET', '/me').json()['id']}"
        for answer in (
            admin.send("POST", f"{own}/demote"),
            admin.send("POST", f"{own}/disable"),
            admin.send("DELETE", own),
        ):
            assert refusal(answer) == (409, "own_account")


def may_sign_in(api: Api, email: str) -> bool:
    """Whether the identity provider gives this user tokens."""
    try:
        api.sign_in(email, PASSWORD)
    except Exception:  # noqa: BLE001 (each way of signing in has its own refusal)
        return False
    return True
