"""The password policy: declared here, deployed to the user pool, checked before any write.

The rules come from the "Requirements" of the described Codex Web system; the maximum length and
the set of symbols come from Amazon Cognito.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

LENGTH_AT_LEAST, LENGTH_AT_MOST = 8, 256
SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "
TEMPORARY_DAYS = 7
"""After how many days a temporary password expires."""


def check_password(secret: SecretStr) -> SecretStr:
    """Raise ValueError with every rule that the password breaks, but never with the password."""
    password = secret.get_secret_value()
    rules = {
        f"at least {LENGTH_AT_LEAST} characters": len(password) >= LENGTH_AT_LEAST,
        f"at most {LENGTH_AT_MOST} characters": len(password) <= LENGTH_AT_MOST,
        "an upper-case letter": any("A" <= each <= "Z" for each in password),
        "a lower-case letter": any("a" <= each <= "z" for each in password),
        "a digit": any("0" <= each <= "9" for each in password),
        "a special character": any(each in SYMBOLS for each in password),
        "no space at either end": password == password.strip(),
    }
    broken = [rule for rule, kept in rules.items() if not kept]
    if broken:
        raise ValueError(f"The password needs {', '.join(broken)}.")
    return secret


Password = Annotated[
    SecretStr,
    AfterValidator(check_password),
    Field(
        description=f"{LENGTH_AT_LEAST} to {LENGTH_AT_MOST} characters with an upper-case and a "
        "lower-case letter, a digit and a special character."
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
