"""A small world for tests: the real code over an emulated AWS, a clock, reactions on demand."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import batched
from typing import Any, NamedTuple, Self

from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import Session
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import method_names_from_class

from functions.jobs.compact_directory import compact_directory
from infra.catalog import read_catalog
from infra.table_definition import create_table_parameters
from infra.user_pool import CLIENT, GROUP, USER_POOL
from rollcall.access.policy import change_policy
from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.directory.segment import Segment
from rollcall.grants import built_in_roles
from rollcall.grants.grant import (
    GroupRole,
    OrganizationMembership,
    Period,
    PermissionGrant,
    RoleGrant,
)
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization, suggest_slug
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.invitations.activation import Activation
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.actor import Actor
from rollcall.kit.attributes import from_attributes
from rollcall.kit.call import Call, Runtime
from rollcall.kit.clients import HANDLERS, config_for
from rollcall.kit.entity import Claim, Counter, Entity
from rollcall.kit.identity import FEDERATED_STATUS, Identity
from rollcall.kit.ids import new_id
from rollcall.kit.job import make_call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.settings import Settings
from rollcall.kit.table import Table
from rollcall.kit.tokens import Tokens
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import read_lifecycle_policy
from rollcall.resources.resource import Resource
from rollcall.system_operations import authorize_client
from rollcall.users.answers import UserAnswer
from rollcall.users.fact_set import FactSet, find_facts
from rollcall.users.note import Note
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.sign_ins import BY_PASSWORD, SignIns, sign_ins_key
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests import dynamodb
from tests.iam import acting_as
from tests.snapshot import Snapshot, sent_mails
from tests.strict_aws import StrictAws, find_pool

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ADMIN_EMAIL = "admin@example.com"
PASSWORD = "Correct-Horse-7"
REGION = "eu-west-1"
CLIENT_ID = "client-of-a-service"


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now

    def advance(self, **units: float) -> None:
        """Let time pass, as ``advance(days=3)``."""
        self.now += timedelta(**units)


@dataclass(frozen=True)
class Reply:
    """An operation's answer, as a client of the API sees it."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    text: str = ""
    """The body of an answer that is a file."""

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        return str(self.body["code"])

    @property
    def fields(self) -> list[str]:
        """The fields that a refusal names."""
        return [error["field"] for error in self.body["errors"]]


class SentMail(NamedTuple):
    """One mail."""

    to: list[str]
    subject: str
    text: str
    html: str


@dataclass
class World:
    """The table, the user pool, the bucket, a clock, and one platform admin."""

    runtime: Runtime
    clock: Clock
    dynamodb: Any
    cognito: Any
    ses: Any
    s3: Any
    aws: StrictAws
    admin_id: str = ""
    seen: set[str] = field(default_factory=set)

    def found(self) -> None:
        """Make the first platform admin, as a deployment does."""
        ensure_first_admin(make_call("create_first_admin", self.runtime), ADMIN_EMAIL)
        self.drain()
        self.admin_id = next(str(item["id"]) for item in self.items() if item.get("isAdmin"))

    def invoke(
        self,
        operation: Operation[Any, Any],
        *,
        caller: str | None = "",
        path: dict[str, str] | None = None,
        body: Any = None,
        query: Mapping[str, str | list[str]] | None = None,
        headers: dict[str, str] | None = None,
        signed_in_at: datetime | None = None,
        claims: dict[str, str] | None = None,
    ) -> Reply:
        """Call an operation through its Lambda handler with a gateway event, within its role.

        ``caller`` is a user id ("" for the admin, or for a service that may; None for nobody); a
        ``body`` that is a string is sent as it stands. ``claims`` are those of another token.
        """
        if claims is None:
            claims = self._claims_for(operation, caller, signed_in_at)
        event = make_event(
            operation,
            claims=claims,
            path=path,
            body=body,
            query=query,
            headers=headers,
        )
        with acting_as(operation):
            answer = operation.handle(event, self.runtime)
        return _read_reply(answer)

    def _claims_for(
        self, operation: Operation[Any, Any], caller: str | None, signed_in_at: datetime | None
    ) -> dict[str, str]:
        if operation.public:
            return {}
        if caller == "" and operation.authorize is authorize_client:
            return {"client_id": CLIENT_ID, "scope": str(operation.permission)}
        return self.claims(self.admin_id if caller == "" else caller, signed_in_at)

    def claims(self, user_id: str | None, signed_in_at: datetime | None = None) -> dict[str, str]:
        """The claims that the authorizer would pass on for this user's access token."""
        if user_id is None:
            return {}
        moment = signed_in_at or self.clock.now
        return {"username": user_id, "auth_time": str(int(moment.timestamp()))}

    def call(self, name: str = "test") -> Call:
        """A call of the system's own, to arrange things with."""
        return make_call(name, self.runtime)

    def add_user(
        self, email: str = "", *, permissions: tuple[Permission, ...] = (), **fields: Any
    ) -> User:
        """Put a user into the table, with claims, counters and journal, and drain."""
        user_id = new_id("usr", self.clock.now)
        user = User(
            id=user_id,
            created_at=self.clock.now,
            updated_at=self.clock.now,
            email=email or f"{user_id[-12:]}@example.com",
            permission_grants=tuple(
                PermissionGrant(user_id=user_id, permission=each) for each in permissions
            ),
            **{"username": user_id[-12:], **fields},
        )
        self.call("add_user").commit(Change(None, user), answer=UserAnswer.of)
        self.drain()
        return self.user(user_id)

    def change_user(self, user: User, after: User) -> User:
        """Write a user's next version, drain, and return what is then stored."""
        self.call("change_user").commit(Change(user, after), answer=UserAnswer.of)
        self.drain()
        return self.user(user.id)

    def write(self, before: User | None, after: User) -> None:
        """Write a user's next version and no more, as an operation does that dies right then."""
        self.call("write").commit(Change(before, after), answer=UserAnswer.of)

    def add_group(self, name: str, *permissions: Permission) -> str:
        """Put a group that grants these permissions into the table; returns its id."""
        now = self.clock.now
        group = Group(id=new_id("grp", now), created_at=now, updated_at=now, name=name)
        self._commit("add_group", Change(None, group))
        self.grant_to_group(group.id, permissions)
        return group.id

    def group(self, group_id: str) -> Group:
        """The group as stored; also a tombstone."""
        found = self.runtime.table.find(Group, group_id)
        assert found is not None, f"{group_id} is not in the table"
        return found

    def join_group(
        self, user_id: str, group_id: str, role: GroupRole | None = None, **period: datetime
    ) -> User:
        """Let a user be in a group."""
        user = self.user(user_id)
        when = Period(**period) if period else None
        return self.change_user(user, user.with_membership(group_id, role, when))

    def administers(self, user_id: str, moment: datetime | None = None) -> set[str]:
        """The groups whose admin somebody is."""
        memberships = self.user(user_id).memberships
        now = moment or self.clock.now
        return {
            each.group_id for each in memberships if each.makes_admin and each.period.covers(now)
        }

    def add_role(self, name: str, *permissions: Permission) -> str:
        """Put a role that grants these permissions into the table; returns its id."""
        now = self.clock.now
        role = Role(id=new_id("rol", now), created_at=now, updated_at=now, name=name)
        self._commit("add_role", Change(None, role))
        self.grant_to_role(role.id, permissions)
        return role.id

    def give_role(self, user_id: str, role_id: str, **period: datetime) -> User:
        """Let a user have a role everywhere."""
        user = self.user(user_id)
        given = RoleGrant(user_id=user_id, role_id=role_id, **period)
        return self.change_user(user, user.with_grants("role_grants", [*user.role_grants, given]))

    def add_organization(self, name: str, default_role_id: str = built_in_roles.USER.id) -> str:
        """Put an organization into the table; returns its id."""
        now = self.clock.now
        organization = Organization(
            id=new_id("org", now),
            created_at=now,
            updated_at=now,
            name=name,
            slug=suggest_slug(name),
            default_role_id=default_role_id,
        )
        self._commit("add_organization", Change(None, organization))
        return organization.id

    def organization(self, organization_id: str) -> Organization:
        """An organization as stored; also a tombstone."""
        found = self.runtime.table.find(Organization, organization_id)
        assert found is not None, f"{organization_id} is not in the table"
        return found

    def join_organization(
        self,
        user_id: str,
        organization_id: str,
        role_id: str = built_in_roles.USER.id,
        **period: Any,
    ) -> User:
        """Put a user into an organization; returns the user as then stored."""
        user = self.user(user_id)
        place = OrganizationMembership(
            user_id=user_id, organization_id=organization_id, role_id=role_id, **period
        )
        places = [*user.organization_memberships, place]
        return self.change_user(user, user.with_grants("organization_memberships", places))

    def add_thing(self, user_id: str, thing_type: str = WORKSPACE, **fields: Any) -> Resource:
        """Put something that a user owns into the table."""
        return self.add_things(1, user_id, thing_type, **fields)[0]

    def add_things(
        self, number: int, user_id: str, thing_type: str = WORKSPACE, **fields: Any
    ) -> list[Resource]:
        """Put many things that a user owns into the table, 20 a transaction."""
        now, prefix = self.clock.now, "wsp" if thing_type == WORKSPACE else "res"
        fields |= {"created_at": now, "updated_at": now, "type": thing_type, "user_id": user_id}
        made = [Resource(id=new_id(prefix, now), **fields) for _ in range(number)]
        for batch in batched(made, 20, strict=False):
            first, *others = (Change(None, each) for each in batch)
            self.call("add_thing").commit(first, *others, answer=lambda written: written)
        return [self.thing(each.id) for each in made]

    def change_thing(self, thing: Resource, after: Resource) -> Resource:
        """Write the next version of something that a user owns, and return it."""
        self._commit("change_thing", Change(thing, after))
        return self.thing(thing.id)

    def thing(self, resource_id: str) -> Resource:
        """An owned thing as stored; also a tombstone."""
        found = self.runtime.table.find(Resource, resource_id)
        assert found is not None, f"{resource_id} is not in the table"
        return found

    def add_note(self, user_id: str, text: str) -> str:
        """Put an admin's note on a user into the table; returns its id."""
        now = self.clock.now
        note_id = new_id("not", now)
        note = Note(id=note_id, created_at=now, updated_at=now, user_id=user_id, text=text)
        self._commit("add_note", Change(None, note))
        return note_id

    def add_segment(self, name: str, text: str, owner_id: str = "") -> Segment:
        """Put a segment, the admin's unless told otherwise, into the table."""
        now = self.clock.now
        segment = Segment(
            id=new_id("seg", now),
            created_at=now,
            updated_at=now,
            name=name,
            filter=text,
            owner_id=owner_id or self.admin_id,
        )
        self._commit("add_segment", Change(None, segment))
        return self.segment(segment.id)

    def segment(self, segment_id: str) -> Segment:
        """A segment as stored; also a tombstone."""
        found = self.runtime.table.find(Segment, segment_id)
        assert found is not None, f"{segment_id} is not in the table"
        return found

    def add_invitation(self, email: str = "", **fields: Any) -> Invitation:
        """Invite somebody, whose mail has then gone out; ``fields`` are those of the user."""
        now, user_id = self.clock.now, new_id("usr", self.clock.now)
        email = email or f"{user_id[-12:]}@example.com"
        known: dict[str, Any] = {"created_at": now, "updated_at": now, "email": email}
        named = {"username": user_id[-12:], **known, **fields}
        user = User(id=user_id, status=Status.INVITED, **named)
        invitation = Invitation(
            id=Invitation.id_for(user_id),
            user_id=user_id,
            invited_by=self.admin_id,
            ends_at=now,
            **known,
        ).with_link(self.call(), read_lifecycle_policy(self.runtime.table, now).invitations_last)
        self._commit("add_invitation", Change(None, invitation), Change(None, user))
        self.drain()
        return self.invitation(invitation.id)

    def invitation(self, invitation_id: str) -> Invitation:
        """An invitation as stored."""
        found = self.runtime.table.find(Invitation, invitation_id)
        assert found is not None, f"{invitation_id} is not in the table"
        return found

    def add_registration(self, email: str = "") -> Registration:
        """Somebody who has registered, and not confirmed the address yet."""
        now, user_id = self.clock.now, new_id("usr", self.clock.now)
        email = email or f"{user_id[-12:]}@example.com"
        user = User(
            id=user_id,
            created_at=now,
            updated_at=now,
            email=email,
            username=user_id[-12:],
            status=Status.PENDING_VERIFICATION,
        )
        registration = Registration.attempt(self.call(), user_id, email, None)
        self._commit("add_registration", Change(None, registration), Change(None, user))
        self.drain()
        return self.registration(user_id)

    def registration(self, user_id: str) -> Registration:
        """What is known of the attempts to register as this user."""
        found = self.runtime.table.find(Registration, Registration.id_for(user_id))
        assert found is not None, f"{user_id} has never registered"
        return found

    def commit[E: Entity](self, before: E, after: E) -> None:
        """Write an entity's next version and no more."""
        self._commit("commit", Change(before, after))

    def token_of(self, activation: Activation) -> str:
        """The token in the link that was mailed last."""
        return Tokens(self.runtime.table).derive(activation.id, activation.generation)

    def _commit(self, action: str, change: Change[Any], *others: Change[Any]) -> None:
        self.call(action).commit(change, *others, answer=lambda written: written)

    def user(self, user_id: str) -> User:
        """The user as stored; also a tombstone."""
        found = self.runtime.table.find(User, user_id)
        assert found is not None, f"{user_id} is not in the table"
        return found

    def users(self) -> list[User]:
        """Every user, tombstones too."""
        return [self.user(item["id"]) for item in self.items() if item["sk"] == "#USER"]

    def users_with_email(self, email: str) -> list[User]:
        """The users who have this address; one, or none."""
        return [user for user in self.users() if user.email == email]

    def count(self, counter: Counter) -> int:
        """What a counter stands at."""
        item = self.runtime.table.get_item(counter.key)
        return int(item["count"]) if item else 0

    def put_claim(self, claim: Claim) -> None:
        """Let nobody in particular hold a unique value."""
        self.runtime.table.put_once({**claim.key._asdict(), "owner": "usr_somebody"})

    def grant_to_group(self, group_id: str, permissions: tuple[Permission, ...]) -> None:
        """Let a group grant permissions."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_group(group_id, permissions)
        ):
            self._commit("grant", change)

    def grant_to_role(self, role_id: str, permissions: tuple[Permission, ...]) -> None:
        """Let a role grant permissions."""
        for change in change_policy(
            self.call(), lambda policy: policy.with_role(role_id, permissions)
        ):
            self._commit("grant", change)

    def actor(self, user_id: str) -> Actor:
        """An actor without rights, for functions that take one."""
        return Actor(kind="user", id=user_id)

    def sign_in(self, user_id: str, *methods: str) -> None:
        """Let a user sign in."""
        held = self._find_sign_ins(user_id)
        known = held or SignIns.none_of(user_id, self.clock.now)
        self._commit(
            "sign_in", Change(held, known.with_sign_in(self.clock.now, methods or (BY_PASSWORD,)))
        )

    def sign_ins(self, user_id: str) -> SignIns:
        """A user's sign-ins as stored."""
        found = self._find_sign_ins(user_id)
        assert found is not None, f"{user_id} has never signed in"
        return found

    def _find_sign_ins(self, user_id: str) -> SignIns | None:
        item = self.runtime.table.get_item(sign_ins_key(user_id))
        return SignIns.model_validate(item) if item else None

    def build_directory(self) -> None:
        """Let there be a snapshot, over which what changes from now on is laid."""
        with acting_as(compact_directory):
            compact_directory.run(self.runtime)

    def push_facts(self, user_id: str, source: str, **facts: Any) -> None:
        """Let a source say this about a user, and nothing else."""
        held = find_facts(self.runtime.table, user_id, source)
        known = held or FactSet.none_of(user_id, source, self.clock.now)
        said = {"values": facts, "pushed_at": self.clock.now}
        after = FactSet.model_validate({**dict(known), **said})
        self._commit("push_facts", Change(held, after))

    def account(self, user_id: str) -> dict[str, Any] | None:
        """The Cognito account: attributes, ``enabled``, ``status`` and ``groups``; None if gone."""
        found = self.runtime.identity.find(user_id)
        if found is None:
            return None
        return {
            **found.attributes,
            "enabled": found.enabled,
            "status": found.status,
            "admin": self.runtime.identity.is_admin(user_id),
        }

    def federate(self, account_id: str) -> None:
        """Let an account be one that signs in with another provider."""
        pool = find_pool(self.runtime.identity.user_pool_id)
        pool.users[account_id].status = FEDERATED_STATUS

    def mails(self) -> list[SentMail]:
        """What Rollcall has mailed by itself."""
        return [
            SentMail(
                each.destinations["ToAddresses"],
                each.subject,
                each.forms["Text"],
                each.forms.get("Html", ""),
            )
            for each in sent_mails(self)
        ]

    def items(self) -> list[dict[str, Any]]:
        """Every item of the table, past the clients."""
        return [from_attributes(item) for item in self.stored()]

    def stored(self) -> list[dict[str, Any]]:
        """Every item of the table as DynamoDB writes it; two that are alike show that nothing was
        written between them.
        """
        return list(dynamodb.read_items(self.runtime.table.name))

    def is_new(self) -> bool:
        """Whether nothing has happened since it was founded."""
        start = _start(founded=True)
        return self.clock.now == start.now and self.stored() == start.table.items

    def journal(self, target_id: str | None = None) -> list[JournalEntry]:
        """The journal in order, or only what is about one target."""
        found = map(from_attributes, self._stored_entries())
        entries = sorted(
            (JournalEntry.model_validate(item) for item in found),
            key=lambda entry: (entry.at, entry.target.version, entry.id),
        )
        return [e for e in entries if target_id is None or e.target.id == target_id]

    def drain(self) -> None:
        """Let the stream reactions see every journal entry that they have not seen, and those that
        they write themselves.
        """
        while unseen := list(map(from_attributes, self._stored_entries(but=self.seen))):
            for item in sorted(unseen, key=lambda item: str(item["sk"])):
                for reaction in read_catalog().stream_reactions:
                    with acting_as(reaction):
                        reaction.react(item, self.runtime)
                self.seen.add(item["id"])

    def _stored_entries(self, but: Container[str] = ()) -> list[dict[str, Any]]:
        return [
            item
            for item in self.stored()
            if item["pk"]["S"].startswith(JournalEntry.partition) and item["id"]["S"] not in but
        ]


def _read_reply(answer: dict[str, Any]) -> Reply:
    status, body, headers = answer["statusCode"], answer["body"], answer["headers"]
    if "Content-Disposition" in headers:
        return Reply(status, {}, headers, text=body)
    return Reply(status, json.loads(body), headers)


def make_event(
    operation: Operation[Any, Any],
    *,
    claims: dict[str, str],
    path: dict[str, str] | None = None,
    body: Any = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An API Gateway proxy event (REST API, format 1.0) for an operation."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {
        "httpMethod": operation.method,
        "resource": operation.path,
        "pathParameters": path,
        "multiValueQueryStringParameters": {
            name: [value] if isinstance(value, str) else value
            for name, value in (query or {}).items()
        }
        or None,
        "headers": headers or {},
        "body": text,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "req_test",
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "pytest"},
            "authorizer": {"claims": claims} if claims else None,
        },
    }


@cache
def make_client(service: str) -> Any:
    """A client for all worlds of a process, as functions have it but that it signs nothing: what
    it sends stays here. Links are signed, so the one for S3 is as botocore makes it.
    """
    signed = service == StoredObject.service
    session = Session(include_builtin_handlers=signed)
    session.set_credentials("testing", "testing")
    for event, handler in () if signed else HANDLERS:
        session.register(event, handler)
    session.register("before-send", _to_moto)  # type: ignore[arg-type]  # it answers
    config = config_for(service)
    if not signed:
        config = config.merge(Config(signature_version=UNSIGNED))
    return session.create_client(service, region_name=REGION, config=config)


_to_moto = BotocoreStubber()
_to_moto.enabled = True
# moto looks through a class for its methods at each call.
vars(responses)["method_names_from_class"] = cache(method_names_from_class)


@cache
def _set_up_services() -> Settings:
    """Make what a deployment makes, once for each process."""
    clients = _Clients.attached_to(StrictAws(Clock()))
    parameters = create_table_parameters("rollcall")
    del parameters["StreamSpecification"]  # drain() stands for it
    clients.dynamodb.create_table(**parameters)
    pool_id = clients.cognito.create_user_pool(PoolName="rollcall", **USER_POOL)["UserPool"]["Id"]
    clients.cognito.create_user_pool_client(UserPoolId=pool_id, **CLIENT)
    clients.cognito.create_group(UserPoolId=pool_id, **GROUP)
    clients.ses.create_email_identity(EmailIdentity="rollcall@example.com")
    clients.s3.create_bucket(
        Bucket="rollcall", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return Settings(
        table_name="rollcall",
        user_pool_id=pool_id,
        bucket_name="rollcall",
        mail_sender="rollcall@example.com",
        allow_registration=True,
    )


class _Clients(NamedTuple):
    dynamodb: Any
    cognito: Any
    ses: Any
    s3: Any

    @classmethod
    def attached_to(cls, aws: StrictAws) -> Self:
        """The clients of this process, with these services behind them."""
        clients = cls(*map(make_client, ("dynamodb", "cognito-idp", "sesv2", "s3")))
        for client in clients:
            aws.attach(client)
        return clients


def _make_world() -> World:
    settings, clock = _set_up_services(), Clock()
    dynamodb.set_clock(clock)
    aws = StrictAws(clock)
    clients = _Clients.attached_to(aws)
    runtime = Runtime(
        table=Table(clients.dynamodb, settings.table_name),
        identity=Identity(lambda: clients.cognito, settings.user_pool_id),
        mail=Mail(lambda: clients.ses, settings.mail_sender),
        objects=Objects(lambda: clients.s3, settings.bucket_name),
        settings=settings,
        clock=clock,
        new_id=new_id,
    )
    return World(runtime, clock, *clients, aws)


@cache
def _start(*, founded: bool) -> Snapshot:
    """What worlds start from, made once for each process."""
    world = _make_world()
    if founded:
        _start(founded=False).restore(world)
        world.found()
    return Snapshot.of(world)


@contextmanager
def open_world(*, founded: bool = True) -> Iterator[World]:
    """A fresh world, with one platform admin once it is founded. One is open at a time."""
    start, world = _start(founded=founded), _make_world()
    start.restore(world)
    try:
        yield world
    finally:
        start.restore(world)
