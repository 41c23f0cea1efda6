"""The world of a test: the real code on an emulated AWS, a clock, and reactions on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from rollcall.accounts.first_admin import ensure_first_admin
from rollcall.grants.scopes import ANY
from rollcall.kit.job import make_call
from rollcall.kit.operation import Operation
from rollcall.system_operations import authorize_client
from tests.world.arranged_world import ArrangedWorld
from tests.world.gateway import Reply, make_event, read_reply
from tests.world.iam import acting_as

ADMIN_EMAIL = "admin@example.com"
PASSWORD = "Correct-Horse-7"
CLIENT_ID = "client-of-a-service"


def service_claims(scope: str, *names: str, client_id: str = CLIENT_ID) -> dict[str, str]:
    """The claims of a service's token with a scope, and its sources or types."""
    scopes = (scope, *(f"{scope}:{name}" for name in names))
    return {"client_id": client_id, "scope": " ".join(scopes)}


class World(ArrangedWorld):
    """A table, a user pool, a bucket, a clock and one platform admin."""

    def create_first_admin(self) -> None:
        """Create the first platform admin, as a deployment does."""
        ensure_first_admin(make_call("create_first_admin", self.runtime), ADMIN_EMAIL)
        self.drain()
        (admin,) = self.users_with_email(ADMIN_EMAIL)
        self.admin_id = admin.id

    def configure(self, **settings: Any) -> None:
        """Change settings of the deployment."""
        changed = self.runtime.settings.model_copy(update=settings)
        self.runtime = replace(self.runtime, settings=changed)

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
        source: str = "192.0.2.7",
    ) -> Reply:
        """Call an operation with a gateway event through its Lambda handler and with its role.

        ``caller`` is a user id; "" is the admin, or an authorized service for the system API; None
        is an anonymous caller. A ``body`` that is a string is sent unchanged. ``claims`` replace
        the claims of the caller's token. ``source`` is the caller's IP address.
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
            source=source,
        )
        with acting_as(operation):
            answer = operation.handle(event, self.runtime)
        return read_reply(answer)

    def _claims_for(
        self, operation: Operation[Any, Any], caller: str | None, signed_in_at: datetime | None
    ) -> dict[str, str]:
        if operation.public:
            return {}
        if caller == "" and operation.authorize is authorize_client:
            return service_claims(str(operation.permission), ANY)
        return self.claims(self.admin_id if caller == "" else caller, signed_in_at)

    def claims(self, user_id: str | None, signed_in_at: datetime | None = None) -> dict[str, str]:
        """The claims that the authorizer passes on for this user's access token."""
        if user_id is None:
            return {}
        moment = signed_in_at or self.clock.now
        return {"username": user_id, "auth_time": str(int(moment.timestamp()))}
