"""The password policy: declared here, deployed to the user pool, checked before any write.

The rules come from the "Requirements" of the described Codex Web system. The characters and the
lengths are Amazon Cognito's (Developer Guide, "Adding user pool password requirements"), so that
the pool accepts each password that is accepted here.
"""

from __future__ import annotations

from string import ascii_letters, digits
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from rollcall.kit.settings import PASSWORD_LENGTHS, Settings
from rollcall.users.password_blocklist import is_common

LENGTH_AT_LEAST = PASSWORD_LENGTHS[0]
"""The default. A deployment can require more (``passwordMinimumLength``)."""
LENGTH_AT_MOST = 256
SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "
"""A space counts as a special character, unless it is at either end."""
_CHARACTERS = frozenset(ascii_letters + digits + SYMBOLS)
TEMPORARY_DAYS = 7
"""After how many days a temporary password expires."""


def check_password(
    secret: SecretStr, length_at_least: int = LENGTH_AT_LEAST, product: str = ""
) -> SecretStr:
    """Raise ValueError with every rule that the password breaks, but never with the password. It
    must not be a common one, or the product's name with digits and symbols around it.
    """
    password = secret.get_secret_value()
    inner = password.strip(" ")
    rules = {
        f"at least {length_at_least} characters": len(password) >= length_at_least,
        f"at most {LENGTH_AT_MOST} characters": len(password) <= LENGTH_AT_MOST,
        "an upper-case letter": any("A" <= each <= "Z" for each in password),
        "a lower-case letter": any("a" <= each <= "z" for each in password),
        "a digit": any("0" <= each <= "9" for each in password),
        "a special character": any(each in SYMBOLS for each in inner),
        "no space at either end": password == inner,
        f"only A-Z, a-z, 0-9 and the special characters {SYMBOLS}": _CHARACTERS.issuperset(inner),
    }
    broken = [rule for rule, kept in rules.items() if not kept]
    if broken:
        raise ValueError(f"The password needs {', '.join(broken)}.")
    if is_common(password, product):
        raise ValueError(
            "This is a common password, or one with only digits and symbols added. Choose another "
            "one."
        )
    return secret


def _check_for_deployment(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    """Check a password by the settings of the deployment, which are the context of requests."""
    if isinstance(info.context, Settings):
        settings = info.context
        return check_password(secret, settings.password_minimum_length, settings.product_name)
    return check_password(secret)


Password = Annotated[
    SecretStr,
    AfterValidator(_check_for_deployment),
    Field(
        description=f"{LENGTH_AT_LEAST} to {LENGTH_AT_MOST} characters (a deployment can require "
        "more than the minimum): letters from A to Z, digits and special characters, of them at "
        "least one upper-case and one lower-case letter, one digit and one special character. "
        "Common passwords are refused, also with digits and symbols around them."
    ),
]
EndSessions = Annotated[
    bool,
    Field(
        description="Absent or true: a new password, email or phone number ends the user's "
        "sessions. False: they go on."
    ),
]
"""The request's choice about sessions that were started with the previous credentials (I26)."""
