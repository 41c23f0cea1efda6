"""Gateway events and answers: any input is a request or an error, never a 500."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.directory.list_users import list_users
from functions.users.create_user import CreateUser
from functions.users.delete_user import DeleteUser
from functions.users.update_user import UpdateUser
from rollcall.kit.errors import (
    Conflict,
    Invalid,
    Malformed,
    PayloadTooLarge,
    Problem,
    UnsupportedMediaType,
)
from rollcall.kit.field_errors import MAX_ERRORS
from rollcall.kit.http import (
    GatewayEvent,
    read_request,
    write_answer,
    write_internal_error,
    write_problem,
)
from rollcall.kit.model import Answer, FileAnswer, Request, VersionedAnswer
from rollcall.kit.preconditions import EntityTags
from rollcall.users.statuses import Status

ListUsers = list_users.request_model
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def event(**parts: Any) -> GatewayEvent:
    return GatewayEvent.model_validate(parts)


def known_fields(model: type[Request]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the names of the model's fields and any values."""
    names = [str(field.alias) for field in model.model_fields.values()]
    return st.dictionaries(st.sampled_from(names), JSON)


def status_of(sent: GatewayEvent, model: type[Request], *, has_body: bool) -> int:
    """200 for a request, or the status of the error, which must be serializable."""
    try:
        request = read_request(sent, model, has_body=has_body)
    except Problem as problem:
        document = json.loads(write_problem(problem, "req_1", "*")["body"])
        return int(document["status"])
    return 200 if isinstance(request, model) else 500


class MoveThing(Request):
    """Moves a resource from one user to another."""

    owner_id: str
    thing_id: str
    user_id: str


class UserOnly(Request):
    """Names a user."""

    user_id: str


def test_path_variables_have_the_names_of_the_operation_not_of_the_gateway() -> None:
    sent = event(
        resource="/users/{userId}/things/{id}/move",
        pathParameters={"id": "res_1", "userId": "usr_1"},
        body='{"userId": "usr_2"}',
    )
    variables = ("owner_id", "thing_id")
    request = read_request(sent, MoveThing, has_body=True, variables=variables)
    assert request == MoveThing(owner_id="usr_1", thing_id="res_1", user_id="usr_2")


@pytest.mark.parametrize("has_body", [True, False])
def test_value_that_differs_from_that_in_the_path_is_refused(has_body: bool) -> None:
    def send(user_id: object) -> GatewayEvent:
        path = {"userId": "usr_1"}
        if has_body:
            return event(pathParameters=path, body=json.dumps({"userId": user_id}))
        query = {"userId": [user_id]}
        return event(pathParameters=path, multiValueQueryStringParameters=query)

    same = read_request(send("usr_1"), UserOnly, has_body=has_body)
    assert same == UserOnly(user_id="usr_1")
    with pytest.raises(Invalid) as refused:
        read_request(send("usr_2"), UserOnly, has_body=has_body)
    assert [each.field for each in refused.value.errors] == ["userId"]
    assert "path has another value" in refused.value.errors[0].message


@given(body=JSON | known_fields(CreateUser) | known_fields(UpdateUser))
@pytest.mark.parametrize("model", [CreateUser, UpdateUser])
def test_any_json_is_a_request_or_a_refusal(model: type[Request], body: object) -> None:
    sent = event(body=json.dumps(body), pathParameters={"user_id": "usr_1"})
    assert status_of(sent, model, has_body=True) in {200, 400, 422}


@given(body=st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
@pytest.mark.parametrize("encoded", [False, True])
def test_any_text_is_a_request_or_a_refusal(body: str, encoded: bool) -> None:
    sent = event(body=body, isBase64Encoded=encoded, pathParameters={"user_id": "usr_1"})
    assert status_of(sent, UpdateUser, has_body=True) in {200, 400, 422}


@given(query=st.dictionaries(st.text(), st.lists(st.text(), min_size=1, max_size=3)))
def test_any_query_is_a_request_or_a_refusal(query: dict[str, list[str]]) -> None:
    sent = event(multiValueQueryStringParameters=query, pathParameters={"user_id": "usr_1"})
    assert status_of(sent, DeleteUser, has_body=False) in {200, 422}


@pytest.mark.parametrize("depth", [100, 900, 3_000, 30_000, 300_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    body = '{"profile": ' + "[" * depth + "]" * depth + "}"
    assert status_of(event(body=body), UpdateUser, has_body=True) in {400, 422}


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "x"',
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]",
        "null",
        '{"name": Infinity}',
        "{'name': 'x'}",
        '{"name": "\\ud800"}',
        "1" * 5000,
    ],
)
def test_body_that_is_not_a_json_object_is_malformed(body: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_request(event(body=body), UpdateUser, has_body=True)
    assert refused.value.code == "malformed_json"


def test_base64_body_is_decoded_and_broken_base64_is_malformed() -> None:
    text = base64.b64encode(json.dumps({"name": "Zoë"}).encode()).decode()
    path = {"user_id": "usr_1"}
    sent = event(body=text, isBase64Encoded=True, pathParameters=path)
    assert read_request(sent, UpdateUser, has_body=True).name == "Zoë"
    for broken in ("***", base64.b64encode(b"\xff\xfe").decode()):
        with pytest.raises(Malformed):
            read_request(event(body=broken, isBase64Encoded=True), UpdateUser, has_body=True)


@given(content=st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_limit_of_a_body_counts_bytes_however_they_are_sent(content: bytes) -> None:
    sent = [event(body=base64.b64encode(content).decode(), isBase64Encoded=True)]
    with suppress(UnicodeDecodeError):
        sent.append(event(body=content.decode()))
    for each in sent:
        each.limit_body(len(content))
        if content:
            with pytest.raises(PayloadTooLarge):
                each.limit_body(len(content) - 1)


@pytest.mark.parametrize("body", ["{", "[]", '{"count": 5}', "***"])
def test_ignored_body_is_not_read(body: str) -> None:
    query = {"count": ["2"]}
    sent = event(body=body, isBase64Encoded=body == "***", multiValueQueryStringParameters=query)
    request = read_request(sent, Nested, has_body=False, ignores_body=True)
    assert request == Nested(count=2)


def test_absent_and_empty_bodies_are_empty_requests() -> None:
    for body in (None, "", "  \n", "{}"):
        sent = event(body=body, pathParameters={"user_id": "usr_1"})
        assert read_request(sent, UpdateUser, has_body=True).model_fields_set == {"user_id"}


class Nested(Request):
    """Types that JSON represents as text."""

    day: date | None = None
    flag: bool = False
    count: int = 0
    names: tuple[str, ...] = ()


def test_json_types_are_strict() -> None:
    sent = event(body='{"day": "2026-01-05", "flag": true, "count": 2, "names": ["a"]}')
    request = read_request(sent, Nested, has_body=True)
    assert request == Nested(day=date(2026, 1, 5), flag=True, count=2, names=("a",))

    with pytest.raises(Invalid) as refused:
        read_request(
            event(body='{"flag": "true", "count": "2", "day": 7, "names": "a"}'),
            Nested,
            has_body=True,
        )
    assert {error.field for error in refused.value.errors} == {"flag", "count", "day", "names"}


def test_query_types_are_read_from_text() -> None:
    query = {"flag": ["true"], "count": ["2"], "names": ["a", "b"], "day": ["2026-01-05"]}
    request = read_request(event(multiValueQueryStringParameters=query), Nested, has_body=False)
    assert request == Nested(day=date(2026, 1, 5), flag=True, count=2, names=("a", "b"))


def test_snake_case_names_are_not_accepted_in_requests() -> None:
    with pytest.raises(Invalid) as refused:
        read_request(event(body='{"user_id": "usr_1"}'), UpdateUser, has_body=True)
    assert [error.field for error in refused.value.errors] == ["userId", "user_id"]


def test_error_lists_the_fields_without_their_values() -> None:
    body = json.dumps({"email": "top secret", "profile": {"birthDate": "also secret"}})
    with pytest.raises(Invalid) as refused:
        read_request(event(body=body), CreateUser, has_body=True)
    document = write_problem(refused.value, "req_1", "*")["body"]
    assert refused.value.detail == "Please correct: email, profile.birthDate."
    assert "secret" not in document


def test_query_of_an_operation_with_a_body_is_refused() -> None:
    sent = event(body="{}", multiValueQueryStringParameters={"password": ["Abcdef12!"]})

    with pytest.raises(Invalid) as refused:
        read_request(sent, UpdateUser, has_body=True)

    assert [tuple(each) for each in refused.value.errors] == [
        ("password", "Send this in the body.", "misplaced")
    ]


def test_unknown_parameter_of_an_operation_with_a_body_does_not_exist_in_the_body_either() -> None:
    sent = event(body="{}", multiValueQueryStringParameters={"utm_source": ["x"], "nmae": ["x"]})

    with pytest.raises(Invalid) as refused:
        read_request(sent, UpdateUser, has_body=True)

    assert [tuple(each) for each in refused.value.errors] == [
        ("utm_source", "This field does not exist.", "extra_forbidden"),
        ("nmae", "Did you mean name? This field does not exist.", "extra_forbidden"),
    ]


@pytest.mark.parametrize("has_body", [True, False])
def test_list_of_errors_is_limited(has_body: bool) -> None:
    many = {f"field{number}": "x" for number in range(10 * MAX_ERRORS)}
    for sent in (
        event(body=json.dumps(many)),
        event(multiValueQueryStringParameters={name: ["x"] for name in many}),
    ):
        with pytest.raises(Invalid) as refused:
            read_request(sent, UpdateUser, has_body=has_body)
        assert len(refused.value.errors) == MAX_ERRORS


def test_missing_parts_of_an_event_are_empty() -> None:
    sent = event(requestContext={"requestId": "req_1", "identity": {"sourceIp": "192.0.2.1"}})
    assert (sent.claims, sent.source_ip, sent.user_agent) == ({}, "192.0.2.1", "")
    assert (sent.header("Anything"), sent.idempotency_key()) == (None, None)


def test_user_agent_is_shortened_and_printable() -> None:
    sent = event(requestContext={"identity": {"userAgent": "\x1b[2J\r\u202e" + "x" * 1000}})
    assert len(sent.user_agent) == 256
    assert sent.user_agent.startswith("?[2J??xxx")


@pytest.mark.parametrize("has_body", [True, False])
def test_names_from_the_request_are_cut_and_printable_in_errors(has_body: bool) -> None:
    long = "\x1b]0;" + "n" * 9_000_000
    for sent in (
        event(body=json.dumps({long: 1})),
        event(multiValueQueryStringParameters={long: ["x"]}),
    ):
        with pytest.raises(Invalid) as refused:
            read_request(sent, UpdateUser, has_body=has_body)
        answer = write_problem(refused.value, "req_1", "*")["body"]
        assert len(answer) < 1000
        assert "\\u001b" not in answer
        assert "?]0;" + "n" * 50 in answer


@pytest.mark.parametrize(
    "other",
    [
        {"body": '{"a": 2}'},
        {"pathParameters": {"user_id": "usr_2"}},
        {"multiValueQueryStringParameters": {"mode": ["soft"]}},
    ],
)
def test_what_was_sent_differs_when_the_request_does(other: dict[str, Any]) -> None:
    parts = {"body": '{"a": 1}', "pathParameters": {"user_id": "usr_1"}}
    assert event(**parts).sent() == event(**parts, headers={"X": "1"}).sent()
    assert event(**parts).sent() != event(**{**parts, **other}).sent()


def test_what_was_sent_is_the_same_however_the_body_is_written() -> None:
    written = ['{"a": 1, "b": {"c": [], "d": "\u00e9"}}', ' {"b":{"d":"\\u00e9","c":[]},"a":1.0}\n']
    encoded = base64.b64encode(written[1].encode()).decode()
    sent = [event(body=each) for each in written] + [event(body=encoded, isBase64Encoded=True)]
    assert len({each.sent() for each in sent}) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x"])
def test_body_of_another_media_type_is_refused(content_type: str) -> None:
    headers = {"content-type": content_type}
    with pytest.raises(UnsupportedMediaType):
        read_request(event(body="{}", headers=headers), UpdateUser, has_body=True)
    path = {"user_id": "usr_1"}
    for body in (None, "", " "):
        sent = event(body=body, headers=headers, pathParameters=path)
        assert read_request(sent, UpdateUser, has_body=True).model_fields_set == {"user_id"}


def test_merge_patch_is_read_for_patch_alone() -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    parts = {"body": '{"name": null}', "headers": headers, "pathParameters": {"user_id": "usr_1"}}
    assert read_request(event(httpMethod="PATCH", **parts), UpdateUser, has_body=True).name is None
    with pytest.raises(UnsupportedMediaType):
        read_request(event(httpMethod="PUT", **parts), UpdateUser, has_body=True)


@pytest.mark.parametrize("name", ["isAdmin", "is_admin", "IsAdmin", "ISADMIN"])
def test_query_parameters_can_be_spelled_as_in_filters(name: str) -> None:
    sent = event(multiValueQueryStringParameters={name: ["true"], "SORT_BY": ["email"]})
    request = read_request(sent, ListUsers, has_body=False)
    assert (request.is_admin, request.sort_by) == (True, "email")


@pytest.mark.parametrize(
    "query",
    [{"limit": ["1", "2"]}, {"limit": ["1"] * 3}, {"isAdmin": ["true"], "is_admin": ["true"]}],
)
def test_single_parameter_that_is_given_twice_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        read_request(event(multiValueQueryStringParameters=query), ListUsers, has_body=False)
    (error,) = refused.value.errors
    assert error.field in {"limit", "is_admin"}
    assert error.message == "This parameter is given more than once. Give it once."


def test_parameter_with_several_values_can_be_repeated_in_any_spelling() -> None:
    query = {"userTypes": ["mentor"], "user_types": ["learner"], "status": ["ACTIVE", "inactive"]}
    sent = event(multiValueQueryStringParameters=query)
    request = read_request(sent, ListUsers, has_body=False)
    assert set(request.user_types or ()) == {"mentor", "learner"}
    assert request.status == (Status.ACTIVE, Status.INACTIVE)


def test_unknown_query_parameters_are_ignored_only_on_request() -> None:
    query = {"utm_source": ["mail", "again"], "count": ["2"]}
    sent = event(multiValueQueryStringParameters=query)
    assert read_request(sent, Nested, has_body=False, ignores_unknown=True) == Nested(count=2)
    with pytest.raises(Invalid) as refused:
        read_request(sent, Nested, has_body=False)
    assert [each.field for each in refused.value.errors] == ["utm_source"]


def test_repeated_header_is_one_list() -> None:
    sent = event(
        headers={"if-match": '"2"'}, multiValueHeaders={"if-match": ['"1"', '"2"'], "X": ["y"]}
    )
    assert sent.header("If-Match") == '"1", "2"'
    tags = sent.preconditions().if_match
    assert tags
    assert tags.strong == {"1", "2"}


class Thing(VersionedAnswer):
    """An answer."""

    long_name: str | None = None


class Plain(Answer):
    """An answer without a version."""

    done: bool = True


SECURITY = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
"""OWASP, REST Security Cheat Sheet, Security Headers."""
EXPOSED = "Content-Disposition, ETag, Retry-After, WWW-Authenticate"


def test_answer_is_camel_case_without_empty_fields_and_carries_its_etag() -> None:
    answer = write_answer(Thing(version=7, long_name="x"), 201, "https://console.example.com")
    assert (answer["statusCode"], json.loads(answer["body"])) == (
        201,
        {"version": 7, "longName": "x"},
    )
    assert answer["headers"] == {
        "Content-Type": "application/json",
        **SECURITY,
        "Access-Control-Allow-Origin": "https://console.example.com",
        "Access-Control-Expose-Headers": EXPOSED,
        "ETag": '"7"',
    }
    assert json.loads(write_answer(Thing(version=1), 200, "")["body"]) == {"version": 1}
    assert "ETag" not in write_answer(Plain(), 200, "")["headers"]


class Counted(Thing):
    """An answer with a number that changes without a new version."""

    members: int = 0

    def unversioned(self) -> dict[str, object]:
        """The number."""
        return {"members": self.members}


def knows(tags: str) -> EntityTags | None:
    return EntityTags.read("If-None-Match", tags)


@pytest.mark.parametrize("tags", ['"7"', 'W/"7"', '"1", "7"', "*"])
def test_known_answer_is_304_with_the_same_headers_and_no_body(tags: str) -> None:
    full = write_answer(Thing(version=7), 200, "https://console.example.com")
    known = write_answer(Thing(version=7), 200, "https://console.example.com", knows(tags))
    assert (known["statusCode"], known["body"]) == (304, "")
    del full["headers"]["Content-Type"]
    assert known["headers"] == full["headers"]


def test_answer_without_entity_tag_is_always_sent() -> None:
    for tags in ("*", '"1"'):
        assert write_answer(Plain(), 200, "*", knows(tags))["statusCode"] == 200


@given(first=st.integers(0, 3), second=st.integers(0, 3), version=st.integers(1, 2))
def test_tag_is_known_exactly_while_the_answer_is_the_same(
    first: int, second: int, version: int
) -> None:
    sent = write_answer(Counted(version=1, members=first), 200, "*")
    now = Counted(version=version, members=second)
    answer = write_answer(now, 200, "*", knows(sent["headers"]["ETag"]))
    same = (first, 1) == (second, version)
    assert answer["statusCode"] == (304 if same else 200)
    assert Counted(version=version).etag == f'"{version}"'


class Sheet(FileAnswer):
    """A file."""

    content_types = ("text/csv",)


SHEET = Sheet(content="\ufeffä,ö\r\n", content_type="text/csv", file_name="users.csv")


@pytest.mark.parametrize(
    "write",
    [
        lambda origin: write_answer(Thing(version=7), 200, origin),
        lambda origin: write_answer(SHEET, 200, origin),
        lambda origin: write_problem(Conflict("last_admin", "One must stay."), "req_1", origin),
        lambda origin: write_internal_error("req_1", origin),
    ],
    ids=["answer", "file", "problem", "internal error"],
)
def test_only_pages_of_the_allowed_origin_can_read_an_answer(
    write: Callable[[str], dict[str, Any]],
) -> None:
    def cors(origin: str) -> dict[str, str]:
        headers = write(origin)["headers"]
        return {name: value for name, value in headers.items() if "Access-Control" in name}

    assert cors("") == {}
    for origin in ("https://console.example.com", "*"):
        assert cors(origin) == {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": EXPOSED,
        }


def test_file_is_sent_unchanged_with_its_file_name() -> None:
    answer = write_answer(SHEET, 200, "")
    assert answer["body"] == "\ufeffä,ö\r\n"
    assert answer["headers"] == {
        "Content-Type": "text/csv",
        "Content-Disposition": 'attachment; filename="users.csv"',
        **SECURITY,
    }


def test_problem_is_written_as_rfc_9457_says() -> None:
    answer = write_problem(Conflict("last_admin", "One must stay."), "req_1", "*")
    assert answer["statusCode"] == 409
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"].items() >= SECURITY.items()
    assert json.loads(answer["body"])["type"] == "urn:rollcall:problem:last_admin"


def test_internal_error_discloses_only_the_request_id() -> None:
    answer = write_internal_error("req_1", "*")
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"]) == {
        "type": "urn:rollcall:problem:internal_error",
        "title": "Internal error",
        "status": 500,
        "detail": "An internal error occurred. Look for the request id in the log.",
        "code": "internal_error",
        "errors": [],
        "requestId": "req_1",
    }
