"""``rollcall demo``: fills the running ``rollcall local`` with people and a year of their history.

The operations themselves create everything, on a clock that the command sets to each event's time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from functions.jobs.rebuild_directory import rebuild_directory
from functions.reactions.admit_sign_in import admit_sign_in
from rollcall.kit.account import Account
from rollcall.kit.call import Runtime
from rollcall.kit.log import logger
from rollcall.kit.settings import Settings
from rollcall.system_operations import authorize_client
from rollcall_infra.catalog import read_catalog
from rollcall_infra.client_scopes import EVERYTHING
from rollcall_infra.local.demo_people import (
    GROUPS,
    NUMBER,
    ORGANIZATIONS,
    YEAR,
    Fate,
    Person,
    make_people,
)
from rollcall_infra.local.emulator import connect_to
from rollcall_infra.local.provision import KEY_TABLE, read_configuration, select_settings
from rollcall_infra.local.sign_in import sign_in
from rollcall_infra.local.state import LocalProblem, LocalRun
from rollcall_infra.progress import with_progress
from rollcall_infra.runtime import make_runtime

type Json = dict[str, Any]


_ENDINGS = {
    Fate.DISABLED: "disable_user",
    Fate.SUSPENDED: "suspend_user",
    Fate.DELETED: "delete_user",
}
_SOON = timedelta(minutes=5)
"""How long after the creation of a user the notes and workspaces follow."""


@dataclass
class DemoClock:
    """The clock of the command, set to the time of the next event."""

    now: datetime

    def __call__(self) -> datetime:
        """The time of the event."""
        return self.now


def run_demo(run: LocalRun) -> None:
    """Create the people who do not exist yet. Raises LocalProblem if an operation is refused."""
    logger.setLevel(logging.ERROR)
    settings = Settings(
        table_name=run.table,
        key_table_name=KEY_TABLE,
        user_pool_id=run.user_pool_id,
        bucket_name=run.table,
        client_ids=run.client_id,
        **select_settings(read_configuration(run.environment)),
    )
    connect = connect_to(run)
    runtime = make_runtime(connect, settings)
    token = sign_in(connect(Account.service), run.client_id, run.admin.email, run.admin.password)
    claims = jwt.decode(token, options={"verify_signature": False})
    history = DemoHistory(
        runtime,
        admin={name: str(claims[name]) for name in ("username", "auth_time", "client_id")},
        service={"client_id": run.service.client_id, "scope": " ".join(EVERYTHING.allowed_scopes)},
    )
    written = sum(
        1 for _ in with_progress(history.write(make_people(runtime.clock())), "People created")
    )
    rebuild_directory.run(runtime)
    existing = NUMBER - written
    already = f", {existing} existed already" if existing else ""
    print(f"Created {written} people{already}.")  # noqa: T201 (a command talks to its user)


class DemoHistory:
    """Writes the year: groups and organizations first, then person by person. ``admin`` and
    ``service`` are the claims of the callers' tokens.
    """

    def __init__(self, runtime: Runtime, admin: dict[str, str], service: dict[str, str]) -> None:
        self._now = runtime.clock()
        self._clock = DemoClock(self._now)
        self._runtime = replace(runtime, clock=self._clock)
        self._operations = {each.name: each for each in read_catalog().operations}
        self._admin, self._service = admin, service

    def write(self, people: Iterable[Person]) -> Iterator[Person]:
        """The people who did not exist, each when all about them is written."""
        groups = {name: self._ensure("group", name) for name in GROUPS}
        organizations = {name: self._ensure("organization", name) for name in ORGANIZATIONS}
        for person in people:
            places = groups[person.group], organizations[person.organization]
            if person.fate == Fate.INVITED:
                written = self._invite(person, *places)
            else:
                written = self._create(person, *places)
            if written:
                yield person

    def _ensure(self, kind: str, name: str) -> str:
        """The id of the group or organization with this name."""
        listed = self._call(f"list_{kind}s", self._now, query={"limit": "1000"})
        for each in listed["items"]:
            if each["name"] == name:
                return str(each["id"])
        return str(self._call(f"create_{kind}", self._now - YEAR, {"name": name})["id"])

    def _invite(self, person: Person, group_id: str, organization_id: str) -> bool:
        body = {
            "email": person.email,
            "name": person.name,
            "message": "Welcome to the team!",
            "groups": [group_id],
            "organizations": [{"organizationId": organization_id}],
        }
        return bool(self._call("invite_user", person.since, body))

    def _create(self, person: Person, group_id: str, organization_id: str) -> bool:
        body = {
            "email": person.email,
            "name": person.name,
            "sendInvite": False,
            "groups": [group_id],
            "userTypes": person.user_types,
            "profile": person.profile,
        }
        created = self._call("create_user", person.since, body)
        if not created:
            return False
        path, soon = {"userId": created["id"]}, person.since + _SOON
        place = {"memberships": [{"organizationId": organization_id}]}
        self._call("replace_user_organizations", soon, place, path)
        for name in person.workspaces:
            workspace = {"type": "workspace", "userId": created["id"], "name": name}
            self._call("register_resource", soon, workspace)
        if person.note:
            self._call("add_note", soon, {"text": person.note}, path)
        for at in person.sign_ins:
            self._sign_in(created["id"], at)
        if person.ended:
            mode = {"mode": "soft"} if person.fate == Fate.DELETED else {}
            self._call(_ENDINGS[person.fate], person.ended, {}, path, mode)
        return True

    def _sign_in(self, user_id: str, at: datetime) -> None:
        self._clock.now = at
        event = {"userName": user_id, "triggerSource": "TokenGeneration_Authentication"}
        admit_sign_in.react(event, self._runtime)

    def _call(
        self,
        name: str,
        at: datetime,
        body: Json | None = None,
        path: Json | None = None,
        query: Json | None = None,
    ) -> Json:
        """The response of an operation at this time; empty if the person exists already."""
        operation = self._operations[name]
        self._clock.now = at
        system = operation.authorize is authorize_client
        event = {
            "httpMethod": operation.method,
            "resource": operation.path,
            "pathParameters": path,
            "multiValueQueryStringParameters": {k: [v] for k, v in (query or {}).items()} or None,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(body) if body else None,
            "requestContext": {
                "requestId": str(uuid4()),
                "identity": {"sourceIp": "127.0.0.1", "userAgent": "rollcall demo"},
                "authorizer": {"claims": self._service if system else self._admin},
            },
        }
        answer = operation.handle(event, self._runtime)
        response: Json = json.loads(answer["body"] or "{}")
        if response.get("code") == "email_taken":
            return {}
        if answer["statusCode"] >= 400:
            raise LocalProblem(f"{name} was refused: {response['detail']}")
        return response
