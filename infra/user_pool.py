"""The user pool, declared once: the CDK app and the local runtime both make it from this.

Names and shapes are those of Cognito's CreateUserPool and related calls.
"""

from __future__ import annotations

from typing import Any

from rollcall import passwords
from rollcall.kit.identity import ADMINS_GROUP

SIGN_IN_SCOPE = "aws.cognito.signin.user.admin"
RESOURCE_SERVER = "rollcall"
SCOPES = {"admin": "Administer users through the API."}
"""Custom scopes, for clients that get their tokens from the OAuth 2.0 endpoints."""
OPERATION_SCOPES = (SIGN_IN_SCOPE, *(f"{RESOURCE_SERVER}/{name}" for name in SCOPES))
"""An access token needs one of these for the operations under /admin, /groups and /me."""

USER_POOL: dict[str, Any] = {
    "AliasAttributes": ["email", "phone_number", "preferred_username"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": passwords.LENGTH_AT_LEAST,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": passwords.TEMPORARY_DAYS,
        }
    },
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
    # What Rollcall looks after is changed through Rollcall alone, not by the users' own tokens.
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
