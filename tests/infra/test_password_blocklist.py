"""The list of common passwords is made from Django's."""

from __future__ import annotations

import gzip
from pathlib import Path
from zipfile import ZipFile

import pytest

from rollcall.users.password_blocklist import LIST
from rollcall_infra import password_blocklist
from rollcall_infra.password_blocklist import SOURCE, select, update


def test_list_and_license_are_taken_from_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIST", "LICENSE"):
        monkeypatch.setattr(password_blocklist, name, tmp_path / name)
    wheel = tmp_path / "django.whl"
    with ZipFile(wheel, "w") as package:
        words = "password\nabc\nmotörhead\nqwerty\n"
        package.writestr(SOURCE, gzip.compress(words.encode()))
        package.writestr("django-1.dist-info/licenses/LICENSE", "Redistribution is permitted.")

    assert update(wheel) == 2
    first = (tmp_path / "LIST").read_bytes()
    update(wheel)

    assert (tmp_path / "LIST").read_bytes() == first
    assert gzip.decompress(first).decode() == "password\nqwerty"
    assert (tmp_path / "LICENSE").read_text() == "Redistribution is permitted."


def test_committed_list_is_what_the_command_selects_and_has_its_license() -> None:
    words = gzip.decompress(LIST.read_bytes()).decode().split("\n")

    assert len(words) > 19_000
    assert words == select(words)
    assert words[:3] == ["123456", "123456789", "qwerty"]
    assert "Django Software Foundation" in password_blocklist.LICENSE.read_text()
