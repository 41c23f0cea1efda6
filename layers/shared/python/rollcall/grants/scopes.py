"""OAuth 2.0 scopes, which access tokens need to call operations."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Self

from rollcall.kit.actor import Actor
from rollcall.kit.errors import Forbidden

RESOURCE_SERVER = "rollcall"
SIGN_IN_SCOPE = "aws.cognito.signin.user.admin"
"""The scope of every user who signs in through the Cognito API."""
ANY = "*"
"""In a limited scope: every source, or every type."""


class Scope(StrEnum):
    """The custom scopes of the user pool. In the system API they act as permissions: a service
    holds the scopes of its client.
    """

    def __new__(cls, name: str, description: str = "") -> Self:
        """A member with its own docstring, which the user pool shows too."""
        member = str.__new__(cls, f"{RESOURCE_SERVER}/{name}")
        member._value_ = f"{RESOURCE_SERVER}/{name}"
        member.__doc__ = description
        return member

    ADMIN = "admin", "Administer users through the API, as the user who signed in."
    RESOURCES = "resources", "Register, update and remove what users own."
    FACTS = "facts", "Push facts about users."
    USERS = "users", "Find users."

    @property
    def short_name(self) -> str:
        """The scope without its resource server, as the user pool declares it."""
        return self.value.removeprefix(f"{RESOURCE_SERVER}/")

    def limited_to(self, name: str) -> str:
        """The scope for one source of facts or one type of resources, as
        ``rollcall/facts:learning``.
        """
        return f"{self.value}:{name}"


ADMIN_SCOPES = (SIGN_IN_SCOPE, Scope.ADMIN.value)
"""A token of a signed-in user needs one of these."""
SYSTEM_SCOPES = tuple(scope for scope in Scope if scope is not Scope.ADMIN)
"""The scopes that clients of the system API can have."""
LIMITED_SCOPES = {Scope.RESOURCES: "resourceTypes", Scope.FACTS: "factSources"}
"""The scopes that apply only to the types or sources that further scopes of the token name, and the
keys of the context ``serviceClients`` that list these.
"""


def read_scopes(claimed: Collection[str]) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """What the scopes of a service's token allow: for everything, and by scope for some sources or
    types.

    A limited scope alone allows nothing; with ``rollcall/facts:learning`` it allows one source, and
    with ``rollcall/facts:*`` all.
    """
    held = frozenset(claimed).intersection(SYSTEM_SCOPES)
    limited: dict[str, frozenset[str]] = {}
    for scope in held.intersection(LIMITED_SCOPES):
        prefix = f"{scope}:"
        names = (each.removeprefix(prefix) for each in claimed if each.startswith(prefix))
        limited[scope] = frozenset(names)
    everywhere = {scope for scope in held if ANY in limited.get(scope, {ANY})}
    return frozenset(everywhere), limited


def require_scope_for(actor: Actor, scope: Scope, name: str) -> None:
    """Raise Forbidden if the calling service does not have the scope for this source of facts or
    type of resources.
    """
    if not actor.holds(scope, about=name):
        detail = (
            f"The token does not have the scope {scope.limited_to(name)}. Add {name} to the "
            f"{LIMITED_SCOPES[scope]} of this service in the deployment's serviceClients."
        )
        raise Forbidden("scope_missing", detail)
