"""HTTP as clients expect it: methods, paths, media types, conditions and challenges."""

from __future__ import annotations

import gzip
import json
import secrets
from typing import Any

import httpx
import pytest

from tests.local.running import LocalRollcall, calling_from

pytestmark = pytest.mark.xdist_group("local")


def create_user(api: httpx.Client) -> dict[str, Any]:
    email = f"user-{secrets.token_hex(4)}@example.com"
    found: dict[str, Any] = api.post("/admin/users", json={"email": email}).json()
    return found


def test_head_has_the_headers_of_get_and_no_body(local: LocalRollcall) -> None:
    with local.client() as api:
        for path in ("/me", f"/admin/users/{create_user(api)['id']}", "/admin/users/usr_none"):
            get, head = api.get(path), api.head(path)
            assert (head.status_code, head.content) == (get.status_code, b"")
            left_out = {"date"} | ({"content-length"} if get.status_code == 404 else set())
            for name in get.headers.keys() - left_out:
                assert head.headers[name] == get.headers[name], name
            assert "content-length" in head.headers


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/me", {"GET", "HEAD", "OPTIONS"}),
        ("/register", {"POST", "OPTIONS"}),
        ("/admin/users/usr_1", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
    ],
)
def test_other_methods_are_405_and_list_those_of_the_address(
    local: LocalRollcall, path: str, methods: set[str]
) -> None:
    with calling_from("127.0.0.1", local.api) as api:
        options = api.options(path)
        assert (options.status_code, options.content) == (204, b"")
        assert set(options.headers["Allow"].split(", ")) == methods
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            refused = api.request(method, path)
            assert refused.status_code == 405, method
            assert set(refused.headers["Allow"].split(", ")) == methods
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.json()["code"] == "method_not_allowed"


def test_slash_at_the_end_makes_no_difference_and_an_empty_part_does(local: LocalRollcall) -> None:
    with local.client() as api:
        user_id = create_user(api)["id"]
        for path in ("/me", f"/admin/users/{user_id}"):
            assert api.get(f"{path}/").json() == api.get(path).json()
        changed = api.patch(f"/admin/users/{user_id}/", json={"name": "New"})
        assert (changed.status_code, changed.json()["name"]) == (200, "New")
        for path in (f"/admin//users/{user_id}", f"/admin/users/{user_id}//", "/nowhere/", "//me"):
            missing = api.request("GET", f"{local.api}{path}")
            assert (missing.status_code, missing.json()["code"]) == (404, "route_not_found"), path


def test_challenge_tells_a_missing_token_from_a_wrong_one(local: LocalRollcall) -> None:
    with calling_from("127.0.0.1", local.api) as api:
        for headers in ({}, {"Authorization": "Basic eDp5"}):
            missing = api.get("/me", headers=headers)
            assert missing.status_code == 401
            assert missing.headers["WWW-Authenticate"] == 'Bearer realm="rollcall"'
        wrong = api.get("/me", headers={"Authorization": "Bearer x"})
        assert wrong.status_code == 401
        assert 'error="invalid_token", error_description="' in wrong.headers["WWW-Authenticate"]


def test_conditional_requests(local: LocalRollcall) -> None:
    with local.client() as api:
        path = f"/admin/users/{create_user(api)['id']}"
        tag = api.get(path).headers["ETag"]
        for method in ("GET", "HEAD"):
            known = api.request(
                method, path, headers=[("If-None-Match", '"x"'), ("If-None-Match", tag)]
            )
            assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
            assert known.headers["Cache-Control"] == "no-store"
            assert "Content-Type" not in known.headers
        headers = [("If-Match", '"77"'), ("If-Match", tag)]
        changed = api.patch(path, json={"name": "New"}, headers=headers)
        assert changed.status_code == 200
        assert api.patch(path, json={"name": "x"}, headers=headers).status_code == 412
        assert api.get(path, headers={"If-None-Match": tag}).json()["name"] == "New"
        malformed = api.patch(path, json={}, headers={"If-Match": "1"})
        assert (malformed.status_code, malformed.json()["code"]) == (400, "bad_entity_tag")


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({}, b'{"name": "Zo\xc3\xab"}', 200),
        ({}, b'\xef\xbb\xbf{"name": "x"}', 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b'{"name": "x"}', 200),
        ({"Content-Type": "application/merge-patch+json"}, b'{"name": null}', 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"name=x", 415),
        ({"Content-Type": "text/xml"}, b"<name/>", 415),
        ({"Content-Type": "application/json; charset=latin1"}, b'{"name": "Zo\xeb"}', 415),
        ({"Content-Encoding": "gzip"}, gzip.compress(b'{"name": "x"}', mtime=0), 415),
        ({}, b'{"name": "Zo\xeb"}', 400),
        ({}, b'{"name": "x", "name": "y"}', 400),
        ({}, b'{"name": "\\ud800"}', 400),
        ({}, b'{"isAdmin": true}', 422),
    ],
)
def test_bodies(local: LocalRollcall, headers: dict[str, str], content: bytes, status: int) -> None:
    with local.client() as api:
        user = create_user(api)
        changed = api.patch(f"/admin/users/{user['id']}", content=content, headers=headers)
        assert changed.status_code == status, changed.text
        assert changed.headers["Content-Type"].startswith("application/")
        if status == 415:
            assert {"Accept", "Accept-Encoding"} & {name.title() for name in changed.headers}


def test_idempotency_key_compares_the_meaning(local: LocalRollcall) -> None:
    with local.client() as api:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        email = f"user-{secrets.token_hex(4)}@example.com"
        body = {"email": email, "name": "Zo\u00eb"}
        first = api.post("/admin/users", json=body, headers=key)
        turned = dict(reversed(body.items()))
        for text in (json.dumps(turned, indent=2), json.dumps(body, ensure_ascii=False)):
            again = api.post("/admin/users", content=text.encode(), headers=key)
            assert (again.status_code, again.json()) == (201, first.json())
        other = api.post("/admin/users", json={**body, "name": "x"}, headers=key)
        assert other.status_code == 422


def test_public_links_ignore_unknown_parameters_and_others_do_not(local: LocalRollcall) -> None:
    unknown = f"inv_{'0' * 26}_{'0' * 64}"
    with calling_from("127.0.0.9", local.api) as api:
        assert api.get(f"/invitations/{unknown}?utm_source=mail&fbclid=1").status_code == 404
        accepted = {"name": "Ann", "password": "Long-Pass-123"}
        sent = api.post(f"/invitations/{unknown}/accept?utm_source=mail", json=accepted)
        assert sent.status_code == 404
    with local.client() as api:
        refused = api.get("/me?utm_source=mail")
        assert refused.json()["errors"][0]["field"] == "utm_source"
        twice = api.get("/groups?limit=1&limit=2")
        assert "more than once" in twice.json()["errors"][0]["message"]
