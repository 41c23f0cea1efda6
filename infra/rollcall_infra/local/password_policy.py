"""The password policy of a user pool as Amazon Cognito documents it (Developer Guide, "Adding user
pool password requirements"; API reference, PasswordPolicyType). The embedded AWS and the tests'
user pool use it, because both accept other passwords than Cognito.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LENGTH_AT_MOST = 256
SYMBOL = r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]"
_ACCEPTED = re.compile(rf"(?:[A-Za-z0-9]|{SYMBOL})*")
_REQUIREMENTS = {
    "RequireUppercase": ("[A-Z]", "uppercase"),
    "RequireLowercase": ("[a-z]", "lowercase"),
    "RequireNumbers": ("[0-9]", "numeric"),
    "RequireSymbols": (SYMBOL, "symbol"),
}


def find_violations(policy: Mapping[str, Any], password: str) -> list[str]:
    """What a password violates; an omitted requirement applies. A space is a symbol, unless it is
    the first or the last character.
    """
    shortest, inner = int(policy.get("MinimumLength", 8)), password.strip(" ")
    found = []
    if not shortest <= len(password) <= LENGTH_AT_MOST:
        found.append(f"Password must have {shortest} to {LENGTH_AT_MOST} characters")
    if inner != password or not _ACCEPTED.fullmatch(password):
        found.append("Password must satisfy the accepted characters")
    for name, (pattern, kind) in _REQUIREMENTS.items():
        if policy.get(name, True) and not re.search(pattern, inner):
            found.append(f"Password must have {kind} characters")
    return found
