"""OAuth 2.0 scopes: what an access token has to have to come as far as an operation."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

RESOURCE_SERVER = "rollcall"
SIGN_IN_SCOPE = "aws.cognito.signin.user.admin"
"""What Cognito gives to everybody who signs in through its API."""


class Scope(StrEnum):
    """The custom scopes of the user pool. Those of the system API stand for permissions: a
    service holds what the scopes of its client say.
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
        """The scope without its resource server, as the user pool wants it declared."""
        return self.value.removeprefix(f"{RESOURCE_SERVER}/")


ADMIN_SCOPES = (SIGN_IN_SCOPE, Scope.ADMIN.value)
"""A token of a signed-in user needs one of these."""
SYSTEM_SCOPES = tuple(scope for scope in Scope if scope is not Scope.ADMIN)
"""What clients of the system API can be given."""
