"""The acceptance tests of a running Rollcall, over HTTP with real tokens: on one machine, on an
emulated AWS, or on real AWS.

A test module derives a class from :class:`Acceptance` and defines a fixture ``api``.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

PASSWORD = "Correct-Horse-7"
SECONDS_AT_MOST = 30
"""Maximum time for asynchronous effects."""
POLL_SECONDS = 0.05


@cache
def shared_client() -> httpx.Client:
    """The default client. Creating a client takes 30 ms, because it reads all CA certificates. It
    closes idle connections before a server does.
    """
    return httpx.Client(timeout=60, limits=httpx.Limits(keepalive_expiry=2))


@dataclass(frozen=True)
class Api:
    """A running Rollcall as its clients see it."""

    url: str
    """Includes the stage, for example ``http://127.0.0.1:8000/api``."""
    sign_in: Callable[[str, str], str]
    """(email, password) to access token; raises an exception if rejected."""
    service_token: Callable[[], str]
    """An access token of a service with all scopes of the system API."""
    admin_email: str
    admin_password: str

    def admin(self) -> Session:
        """The first platform admin, signed in."""
        return self.session(self.admin_email, self.admin_password)

    def session(self, email: str, password: str = PASSWORD) -> Session:
        """A signed-in user."""
        return Session(self.url, self.sign_in(email, password))

    def service(self) -> Session:
        """A service with its own credentials."""
        return Session(self.url, self.service_token())


@dataclass(frozen=True)
class Session:
    """One signed-in caller; an anonymous caller without a token."""

    url: str
    token: str | None = None

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send one request; ``If_Match="1"`` is the header If-Match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
        return shared_client().request(method, self.url + path, headers=sent, **content)

    def answer(self, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        """Send a request that must succeed; returns the answer's body."""
        answer = self.send(method, path, body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def create(self, path: str, **fields: Any) -> dict[str, Any]:
        """Create an object; returns the answer's body."""
        return self.answer("POST", path, fields, status=201)

    def create_named(self, path: str, **fields: Any) -> str:
        """Create an object with a unique name; returns its id."""
        return str(self.create(path, name=f"Name {secrets.token_hex(4)}", **fields)["id"])

    def create_user(self, **fields: Any) -> dict[str, Any]:
        """Create a user with a unique address; returns the answer's body."""
        email = f"user-{secrets.token_hex(4)}@example.com"
        return self.create("/admin/users", **{"email": email, "sendInvite": False, **fields})

    def create_member(self, **fields: Any) -> dict[str, Any]:
        """Create a user who can sign in with PASSWORD."""
        user = self.create_user(**fields)
        body = {"newPassword": PASSWORD, "permanent": True}
        self.answer("POST", f"/admin/users/{user['id']}/reset-password", body)
        return user


def wait_for[T](look: Callable[[], T]) -> T:
    """The first true value that ``look`` returns. Fails after SECONDS_AT_MOST."""
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(POLL_SECONDS)
    return found


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


class Acceptance:
    """The acceptance flow."""

    def test_call_without_a_valid_token_is_refused(self, api: Api) -> None:
        token = api.admin().token or ""
        head, payload, signature = token.split(".")
        other = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
        tampered = (f"{head}.{other}.{signature}", f"{head}.{payload}.{signature[::-1]}")
        for bad in (None, "garbage", *tampered):
            assert Session(api.url, bad).send("GET", "/me").status_code == 401, bad

    def test_first_admin_has_all_permissions(self, api: Api) -> None:
        me = api.admin().send("GET", "/me").json()
        assert me["email"] == api.admin_email
        assert me["isAdmin"] is True
        assert me["effectivePermissions"] == ["admin:access"]
        assert me["lastLoginAt"]

    def test_user_is_created_read_changed_and_deleted(self, api: Api) -> None:
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

    def test_promotion_and_demotion_apply_from_the_next_request(self, api: Api) -> None:
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

    def test_disabled_user_is_refused_immediately_with_a_valid_token(self, api: Api) -> None:
        admin = api.admin()
        user = admin.create_member()
        session = api.session(user["email"])
        assert session.send("GET", "/me").status_code == 200

        assert admin.send("POST", f"/admin/users/{user['id']}/disable").status_code == 200

        assert refusal(session.send("GET", "/me")) == (403, "account_not_active")
        assert not may_sign_in(api, user["email"])
        assert admin.send("POST", f"/admin/users/{user['id']}/enable").status_code == 200
        # Sign-ins in the same second as the disabling do not count.
        wait_for(lambda: api.session(user["email"]).send("GET", "/me").status_code == 200)
        assert session.send("GET", "/me").status_code == 401

    def test_groups_are_created_listed_joined_and_left(self, api: Api) -> None:
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

    def test_role_applies_from_the_next_request_until_it_is_removed(self, api: Api) -> None:
        admin = api.admin()
        role_id = admin.create_named("/admin/roles", permissions=["user.view"])
        user = admin.create_member()
        session, path = api.session(user["email"]), f"/admin/users/{user['id']}"
        assert refusal(session.send("GET", path)) == (403, "permission_missing")

        assert admin.answer("PUT", f"{path}/roles", {"roleIds": [role_id]})["roles"] == [role_id]
        assert session.answer("GET", path)["effectivePermissions"] == ["user.view"]
        held = admin.answer("GET", f"{path}/permissions")
        assert role_id in json.dumps(held)

        assert admin.answer("PUT", f"{path}/roles", {"roleIds": []})["roles"] == []
        assert refusal(session.send("GET", path)) == (403, "permission_missing")
        assert admin.answer("GET", f"/admin/roles/{role_id}")["holderCount"] == 0

    def test_user_cannot_assign_a_role_with_permissions_that_they_lack(self, api: Api) -> None:
        admin = api.admin()
        strong, weak = (
            admin.create_named("/admin/roles", permissions=permissions)
            for permissions in (["user.delete"], ["role.assign"])
        )
        user, other = admin.create_member(), admin.create_user()
        admin.answer("PUT", f"/admin/users/{user['id']}/roles", {"roleIds": [weak]})
        session, path = api.session(user["email"]), f"/admin/users/{other['id']}/roles"

        refused = session.send("PUT", path, {"roleIds": [strong]})
        assert refusal(refused) == (403, "grant_exceeds_own")
        assert session.answer("PUT", path, {"roleIds": [weak]})["roles"] == [weak]

    def test_organizations_are_replaced_at_once_and_removed_ones_grant_nothing(
        self, api: Api
    ) -> None:
        admin = api.admin()
        first, second = (admin.create_named("/admin/organizations") for _ in range(2))
        role_id = admin.create_named("/admin/roles", permissions=["user.view"])
        user = admin.create_member()
        session, path = api.session(user["email"]), f"/admin/users/{user['id']}"

        def replace(*memberships: dict[str, str]) -> dict[str, Any]:
            sent = {"memberships": list(memberships)}
            return admin.answer("PUT", f"{path}/organizations", sent)

        joined = replace({"organizationId": first, "roleId": role_id})
        assert (joined["added"], joined["removed"]) == ([first], [])
        assert session.send("GET", path).status_code == 200
        moved = replace({"organizationId": second})
        assert (moved["added"], moved["removed"]) == ([second], [first])
        assert refusal(session.send("GET", path)) == (403, "permission_missing")

        (membership,) = admin.answer("GET", f"{path}/organizations")["data"]
        assert (membership["organizationId"], membership["roleId"]) == (second, "rol_user")
        members = f"/admin/organizations/{second}/members"
        wait_for(lambda: admin.answer("GET", members)["pagination"]["total"] == 1)
        assert admin.answer("GET", f"/admin/organizations/{first}")["memberCount"] == 0

    def test_workspace_is_registered_by_a_service_and_transferred_by_an_admin(
        self, api: Api
    ) -> None:
        admin, service = api.admin(), api.service()
        group_id = admin.create_named("/admin/groups")
        owner, heir = (admin.create_user(groups=[group_id]) for _ in range(2))
        workspace = service.create(
            "/system/resources",
            type="workspace",
            userId=owner["id"],
            groupId=group_id,
            externalId=secrets.token_hex(8),
        )

        def owned(user: dict[str, Any]) -> int:
            count: int = admin.answer("GET", f"/admin/users/{user['id']}")["workspaceCount"]
            return count

        def listed(user: dict[str, Any]) -> list[str]:
            found = admin.answer("GET", f"/admin/workspaces?user={user['id']}")["items"]
            return [each["id"] for each in found]

        assert (owned(owner), owned(heir)) == (1, 0)
        wait_for(lambda: listed(owner) == [workspace["id"]])
        leaving = admin.send("DELETE", f"/admin/users/{owner['id']}/groups/{group_id}")
        assert refusal(leaving) == (409, "active_workspaces")

        path = f"/admin/workspaces/{workspace['id']}"
        moved = admin.answer("POST", f"{path}/transfer", {"userId": heir["id"]})
        assert moved["userId"] == heir["id"]
        assert (owned(owner), owned(heir)) == (0, 1)
        wait_for(lambda: (listed(owner), listed(heir)) == ([], [workspace["id"]]))

        # A deleted owner leaves an orphaned workspace, which can be transferred.
        admin.answer("DELETE", f"/admin/users/{heir['id']}")
        orphaned = f"/admin/workspaces?group={group_id}&orphaned=true"
        wait_for(lambda: admin.answer("GET", orphaned)["pagination"]["total"] == 1)
        assert (
            admin.answer("POST", f"{path}/transfer", {"userId": owner["id"]})["orphaned"] is False
        )
        service.answer("DELETE", f"/system/resources/{workspace['id']}")
        assert owned(owner) == 0

    def test_group_admin_manages_only_the_workspaces_of_that_group(self, api: Api) -> None:
        admin, service = api.admin(), api.service()
        mine, other = (admin.create_named("/admin/groups") for _ in range(2))
        owner = admin.create_user(groups=[mine, other])
        user = admin.create_member(groups=[mine])
        first, second = (
            service.create(
                "/system/resources", type="workspace", userId=owner["id"], groupId=group_id
            )["id"]
            for group_id in (mine, other)
        )
        session = api.session(user["email"])
        path = f"/admin/workspaces?group={mine}"
        assert refusal(session.send("GET", path)) == (403, "permission_missing")

        admin.answer("POST", f"/admin/users/{user['id']}/groups/{mine}/promote")

        wait_for(lambda: [each["id"] for each in session.answer("GET", path)["items"]] == [first])
        assert session.send("GET", f"/admin/workspaces?group={other}").status_code == 403
        assert session.send("DELETE", f"/admin/workspaces/{second}").status_code == 404
        session.answer("POST", f"/admin/workspaces/{first}/transfer", {"userId": user["id"]})
        assert session.send("DELETE", f"/admin/workspaces/{first}").status_code == 200

    def test_users_and_services_cannot_use_each_others_operations(self, api: Api) -> None:
        admin, service = api.admin(), api.service()
        user = admin.create_user()
        resource = {"type": "persona", "userId": user["id"]}

        assert admin.send("POST", "/system/resources", resource).status_code in {401, 403}
        for path in ("/me", "/groups", f"/admin/users/{user['id']}"):
            assert service.send("GET", path).status_code in {401, 403}, path
        assert admin.answer("GET", f"/admin/users/{user['id']}")["resources"] == {}
        assert service.create("/system/resources", **resource)["userId"] == user["id"]
        assert admin.answer("GET", f"/admin/users/{user['id']}")["resources"] == {"persona": 1}

    def test_deleted_group_grants_nothing_and_its_memberships_end(self, api: Api) -> None:
        admin, service = api.admin(), api.service()
        group_id = admin.create_named("/admin/groups", permissions=["user.view"])
        user = admin.create_member(groups=[group_id])
        session, path = api.session(user["email"]), f"/admin/users/{user['id']}"
        workspace = service.create(
            "/system/resources", type="workspace", userId=user["id"], groupId=group_id
        )
        deleting = admin.send("DELETE", f"/admin/groups/{group_id}")
        assert refusal(deleting) == (409, "active_workspaces")
        service.answer("PATCH", f"/system/resources/{workspace['id']}", {"active": False})
        assert session.send("GET", path).status_code == 200

        deleted = admin.answer("DELETE", f"/admin/groups/{group_id}")

        assert deleted["membershipsPending"] == 1
        assert refusal(session.send("GET", path)) == (403, "permission_missing")
        assert refusal(admin.send("GET", f"/admin/groups/{group_id}")) == (404, "group_not_found")
        wait_for(lambda: admin.answer("GET", path)["groups"] == [])
        joining = admin.send("POST", f"{path}/groups", {"groupId": group_id, "role": "member"})
        assert refusal(joining) == (404, "group_not_found")

    def test_history_shows_the_user_and_the_permissions_at_an_earlier_time(self, api: Api) -> None:
        admin = api.admin()
        role_id = admin.create_named("/admin/roles", permissions=["user.view"])
        user = admin.create_user(name="Before")
        path = f"/admin/users/{user['id']}"
        then = admin.answer("PUT", f"{path}/roles", {"roleIds": [role_id]})
        admin.answer("PATCH", path, {"name": "After", "reason": "Asked for it"})
        admin.answer("PUT", f"{path}/roles", {"roleIds": []})

        def versions() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = admin.answer("GET", f"{path}/history")["items"]
            return found

        wait_for(lambda: len(versions()) == 4)
        renaming = versions()[1]
        assert (renaming["action"], renaming["reason"]) == ("update_user", "Asked for it")
        assert renaming["changes"]["name"] == {"before": "Before", "after": "After"}
        known = admin.answer("GET", f"{path}/history?at={then['updatedAt']}")["then"]
        assert (known["user"]["name"], known["user"]["roles"]) == ("Before", [role_id])
        assert known["effectivePermissions"] == ["user.view"]
        assert admin.answer("GET", path)["effectivePermissions"] == []

    def test_list_is_paginated_with_tamper_proof_cursors(self, api: Api) -> None:
        admin = api.admin()
        made = {admin.create_named("/admin/groups") for _ in range(3)}
        first = "/groups?limit=2"

        def iterate() -> Iterator[str]:
            path: str | None = first
            while path:
                page = admin.answer("GET", path)
                yield from (each["id"] for each in page["items"])
                cursor = page["pagination"].get("nextCursor")
                path = f"{first}&cursor={cursor}" if cursor else None

        wait_for(lambda: made <= set(iterate()))
        found = list(iterate())
        assert len(found) == len(set(found))
        cursor = admin.answer("GET", first)["pagination"]["nextCursor"]
        altered = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
        refused = admin.send("GET", f"{first}&cursor={altered}")
        assert refusal(refused) == (400, "cursor_invalid")

    def test_list_includes_all_changes_that_precede_it(self, api: Api) -> None:
        admin, word = api.admin(), secrets.token_hex(6)
        # The list is unavailable until the first snapshot exists.
        wait_for(lambda: admin.send("GET", "/admin/users").status_code == 200)
        made = [admin.create_user(name=f"{word} {each}") for each in ("One", "Two", "Three")]

        def listed(query: str = "") -> list[str]:
            found = admin.answer("GET", f"/admin/users?search={word}&sortBy=name{query}")["items"]
            return [str(each["name"]).removeprefix(f"{word} ") for each in found]

        assert listed() == ["One", "Three", "Two"]
        admin.answer("PATCH", f"/admin/users/{made[0]['id']}", {"name": f"{word} Zero"})
        admin.answer("DELETE", f"/admin/users/{made[1]['id']}?mode=soft")
        assert listed("&sortOrder=desc") == ["Zero", "Three"]
        assert listed("&status=deleted") == ["Two"]
        assert listed('&filter=name%20ew%20"zero"') == ["Zero"]

        facts = f"/system/users/{made[2]['id']}/facts/learning"
        api.service().answer("PUT", facts, {"facts": {"progress": 80}})
        assert listed("&progress_min=70") == ["Three"]
        segment = admin.create_named("/admin/segments", filter="facts.learning.progress lt 90")
        assert listed(f"&segment={segment}") == ["Three"]
        stats = admin.answer("GET", f"/admin/users/stats?search={word}")
        assert stats["total"] == 2

    def test_invalid_requests_are_refused_with_the_reason(self, api: Api) -> None:
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

    def test_admin_cannot_demote_disable_or_delete_their_own_account(self, api: Api) -> None:
        admin = api.admin()
        own = f"/admin/users/{admin.send('GET', '/me').json()['id']}"
        for answer in (
            admin.send("POST", f"{own}/demote"),
            admin.send("POST", f"{own}/disable"),
            admin.send("DELETE", own),
        ):
            assert refusal(answer) == (409, "own_account")


def may_sign_in(api: Api, email: str) -> bool:
    """Whether the identity provider issues tokens to this user."""
    try:
        api.sign_in(email, PASSWORD)
    except Exception:  # noqa: BLE001 (each way of signing in has its own errors)
        return False
    return True
