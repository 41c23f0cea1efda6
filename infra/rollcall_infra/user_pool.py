"""The user pool, declared once for the CDK app and the local runtime.

Names and shapes are those of Cognito's CreateUserPool and related calls.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rollcall.grants.scopes import RESOURCE_SERVER
from rollcall.kit.identity import ADMINS_GROUP
from rollcall.kit.settings import Mfa
from rollcall.users.passwords import TEMPORARY_DAYS
from rollcall_infra.client_scopes import ServiceClient, describe_scopes

MFA_CONFIGURATION: Mapping[Mfa, str] = {
    "off": "OFF",
    "optional": "OPTIONAL",
    "required": "ON",
    "required-for-admins": "OPTIONAL",  # and the functions refuse admins without a factor
}
"""Cognito's MfaConfiguration for the setting ``mfa``. The factor is an authenticator app, which
needs no role and no phone number, unlike text messages."""


TRIGGER_VERSION = "V1_0"
"""The version of the event that the pool sends to its trigger. It has the account and the kind of
sign-in, all that the trigger reads, and works with every plan; later versions only add the access
token's scopes, and need Essentials (Developer Guide, "Pre token generation Lambda trigger").
"""


def make_user_pool(password_minimum_length: int) -> dict[str, Any]:
    """The user pool with this minimum length of passwords."""
    policy = {
        "MinimumLength": password_minimum_length,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": TEMPORARY_DAYS,
    }
    return {
        "AliasAttributes": ["email", "phone_number", "preferred_username"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "Policies": {"PasswordPolicy": policy},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [
                {"Name": "verified_email", "Priority": 1},
                {"Name": "verified_phone_number", "Priority": 2},
            ]
        },
        "AutoVerifiedAttributes": ["email"],
    }


CLIENT: dict[str, Any] = {
    "ClientName": "rollcall",
    "GenerateSecret": False,
    "ExplicitAuthFlows": [
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ],
    # Other attributes change only through Rollcall, not with the users' own tokens.
    "WriteAttributes": ["locale", "picture", "zoneinfo"],
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": True,
    "AccessTokenValidity": 15,
    "IdTokenValidity": 15,
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
}

GROUP: dict[str, Any] = {
    "GroupName": ADMINS_GROUP,
    "Description": "Mirrors Rollcall's platform admins; Rollcall never reads it to authorize.",
}


def make_resource_server(services: Collection[ServiceClient]) -> dict[str, Any]:
    """The resource server of the API, with the scopes that the services need."""
    return {
        "Identifier": RESOURCE_SERVER,
        "Name": RESOURCE_SERVER,
        "Scopes": describe_scopes(services),
    }


def make_service_client(name: str, service: ServiceClient) -> dict[str, Any]:
    """An app client for a service, which gets tokens with a client secret (OAuth 2.0 client
    credentials). No user can sign in through it.
    """
    return {
        "ClientName": name,
        "GenerateSecret": True,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": service.allowed_scopes,
        # The minimum: without any flow, Cognito would allow users to sign in.
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        # A service has no record to check: after it is removed, its last token is valid until it
        # expires.
        "AccessTokenValidity": 15,
        "TokenValidityUnits": {"AccessToken": "minutes"},
    }
