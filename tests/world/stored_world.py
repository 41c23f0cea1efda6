"""The stored data of a world, and the reactions to it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from rollcall.directory.segment import Segment
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.invitations.activation import Activation
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.actor import Actor
from rollcall.kit.attribute_values import from_attributes, to_attributes
from rollcall.kit.call import Call, Runtime
from rollcall.kit.delivery import plan_deliveries
from rollcall.kit.entity import Counter, Key
from rollcall.kit.job import make_call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.table import PARTITION_KEY, SORT_KEY
from rollcall.kit.tokens import Tokens
from rollcall.resources.resource import Resource
from rollcall.users.sign_ins import SignIns
from rollcall.users.user import User
from rollcall_infra.catalog import read_catalog
from tests.world import dynamodb
from tests.world.clock import Clock
from tests.world.iam import acting_as
from tests.world.snapshot import sent_mails
from tests.world.strict_aws import StrictAws


def as_record(item: dict[str, Any], event: str = "INSERT") -> dict[str, Any]:
    """The record of an item in the table's stream."""
    keys = {name: item[name] for name in (PARTITION_KEY, SORT_KEY)}
    return {"eventName": event, "dynamodb": {"Keys": keys, "NewImage": item}}


class SentMail(NamedTuple):
    """One mail."""

    to: list[str]
    subject: str
    text: str
    html: str


@dataclass
class StoredWorld:
    """The services of a world and methods that read their data."""

    runtime: Runtime

    clock: Clock

    dynamodb: Any

    cognito: Any

    ses: Any

    s3: Any

    aws: StrictAws

    admin_id: str = ""

    seen: set[str] = field(default_factory=set)

    def call(self, name: str = "test") -> Call:
        """A call by the system, for arranging the world."""
        return make_call(name, self.runtime)

    def group(self, group_id: str) -> Group:
        """A group as stored, or its tombstone."""
        found = self.runtime.table.find(Group, group_id)
        assert found is not None, f"{group_id} is not in the table"
        return found

    def administers(self, user_id: str, moment: datetime | None = None) -> set[str]:
        """The groups that a user administers."""
        memberships = self.user(user_id).memberships
        now = moment or self.clock.now
        return {
            each.group_id for each in memberships if each.makes_admin and each.period.covers(now)
        }

    def organization(self, organization_id: str) -> Organization:
        """An organization as stored, or its tombstone."""
        found = self.runtime.table.find(Organization, organization_id)
        assert found is not None, f"{organization_id} is not in the table"
        return found

    def resource(self, resource_id: str) -> Resource:
        """A resource as stored, or its tombstone."""
        found = self.runtime.table.find(Resource, resource_id)
        assert found is not None, f"{resource_id} is not in the table"
        return found

    def segment(self, segment_id: str) -> Segment:
        """A segment as stored, or its tombstone."""
        found = self.runtime.table.find(Segment, segment_id)
        assert found is not None, f"{segment_id} is not in the table"
        return found

    def invitation(self, invitation_id: str) -> Invitation:
        """An invitation as stored."""
        found = self.runtime.table.find(Invitation, invitation_id)
        assert found is not None, f"{invitation_id} is not in the table"
        return found

    def registration(self, user_id: str) -> Registration:
        """A user's registration as stored."""
        found = self.runtime.table.find(Registration, Registration.id_for(user_id))
        assert found is not None, f"{user_id} has never registered"
        return found

    def token_of(self, activation: Activation) -> str:
        """The token in the most recent mail."""
        return Tokens(self.runtime.keys).derive(activation.id, activation.generation)

    def user(self, user_id: str) -> User:
        """A user as stored, or the user's tombstone."""
        found = self.runtime.table.find(User, user_id)
        assert found is not None, f"{user_id} is not in the table"
        return found

    def users(self) -> list[User]:
        """All users, including tombstones."""
        return [self.user(item["id"]) for item in self.items() if item["sk"] == "#USER"]

    def users_with_email(self, email: str) -> list[User]:
        """The users with this address: one or none."""
        return [user for user in self.users() if user.email == email]

    def count(self, counter: Counter) -> int:
        """The value of a counter."""
        item = self.runtime.table.get_item(counter.key)
        return int(item["count"]) if item else 0

    def actor(self, user_id: str) -> Actor:
        """An actor without permissions."""
        return Actor(kind="user", id=user_id)

    def sign_ins(self, user_id: str) -> SignIns:
        """A user's sign-ins as stored."""
        found = self._find_sign_ins(user_id)
        assert found is not None, f"{user_id} has never signed in"
        return found

    def _find_sign_ins(self, user_id: str) -> SignIns | None:
        item = self.runtime.table.get_item(SignIns.key_for(user_id))
        return SignIns.model_validate(item) if item else None

    def account(self, user_id: str) -> dict[str, Any] | None:
        """The Cognito account: attributes, ``enabled``, ``status`` and ``admin``; None if there is
        none.
        """
        found = self.runtime.identity.find(user_id)
        if found is None:
            return None
        return {
            **found.attributes,
            "enabled": found.enabled,
            "status": found.status,
            "admin": self.runtime.identity.is_admin(user_id),
        }

    def mails(self) -> list[SentMail]:
        """The mails that Rollcall has sent, without Cognito's."""
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
        """All items of the table, read without the clients."""
        return [from_attributes(item) for item in self.stored()]

    def stored(self) -> list[dict[str, Any]]:
        """All items of the table in DynamoDB's format. Two equal results mean that nothing was
        written in between.
        """
        return list(dynamodb.read_items(self.runtime.table.name))

    def journal(self, target_id: str | None = None) -> list[JournalEntry]:
        """The journal in order, of one target or of all."""
        found = map(from_attributes, self._stored_entries())
        entries = sorted(
            (JournalEntry.model_validate(item) for item in found),
            key=lambda entry: (entry.at, entry.target.version, entry.id),
        )
        return [e for e in entries if target_id is None or e.target.id == target_id]

    def plant(self, key: Key, path: tuple[str, ...], value: Any, table: str = "") -> None:
        """Set an attribute of a stored item, as another version of the code would. The path leads
        through nested maps.
        """
        names = {f"#n{number}": name for number, name in enumerate(path)}
        self.dynamodb.update_item(
            TableName=table or self.runtime.table.name,
            Key=to_attributes(key._asdict()),
            UpdateExpression=f"SET {'.'.join(names)} = :value",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=to_attributes({":value": value}),
        )

    def drain(self) -> None:
        """Run the stream reactions on all journal entries that they have not processed, including
        entries that they write.
        """
        reactions = {each.name: each for each in read_catalog().stream_reactions}
        while unseen := self._stored_entries(but=self.seen):
            for item in sorted(unseen, key=lambda item: str(item["sk"]["S"])):
                subscriptions = read_catalog().subscriptions
                for delivery in plan_deliveries([as_record(item)], subscriptions):
                    reaction = reactions[delivery.function]
                    with acting_as(reaction):
                        for key in delivery.entries:
                            reaction.receive(key, self.runtime)
                self.seen.add(item["id"]["S"])

    def _stored_entries(self, but: Container[str] = ()) -> list[dict[str, Any]]:
        return [
            item
            for item in self.stored()
            if item["pk"]["S"].startswith(JournalEntry.partition) and item["id"]["S"] not in but
        ]
