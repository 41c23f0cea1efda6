"""Updates the list of common passwords from Django (BSD-3-Clause), which maintains one of 20,000.

``pip download --no-deps django``, then ``python -m rollcall_infra.password_blocklist WHEEL``. Left
out are passwords with other characters than ASCII, which the policy never accepts, and those with
fewer than four characters. The order, most frequent first, is kept.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from zipfile import ZipFile

from rollcall.users.password_blocklist import LIST

SOURCE = "django/contrib/auth/common-passwords.txt.gz"
LICENSE = LIST.with_name("password_blocklist.LICENSE")
LENGTH_AT_LEAST = 4


def select(words: list[str]) -> list[str]:
    """The words that can be part of a password, in their order."""
    return [each for each in words if len(each) >= LENGTH_AT_LEAST and each.isascii()]


def update(wheel: Path) -> int:
    """Write the list and its license from a wheel of Django; returns the number of passwords. The
    same wheel gives the same bytes.
    """
    with ZipFile(wheel) as package:
        words = gzip.decompress(package.read(SOURCE)).decode().split()
        (license_file,) = (
            each for each in package.namelist() if each.endswith(".dist-info/licenses/LICENSE")
        )
        LICENSE.write_bytes(package.read(license_file))
    selected = select(words)
    LIST.write_bytes(gzip.compress("\n".join(selected).encode(), mtime=0))
    return len(selected)


if __name__ == "__main__":
    print(f"{update(Path(sys.argv[1])):,} passwords")  # noqa: T201 (a command)
