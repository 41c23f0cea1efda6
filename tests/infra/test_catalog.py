"""The catalog: everything that is declared, each name and route once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from functions.users.demote_user import demote_user
from functions.users.promote_user import promote_user
from rollcall.kit.errors import WrongDeclaration
from rollcall_infra.catalog import (
    FUNCTIONS,
    check_dispatched,
    check_unique,
    read_catalog,
    read_declaration,
)


def test_every_file_declares_something() -> None:
    files = {file.stem for file in FUNCTIONS.glob("*/*.py")}
    names = [declaration.name for declaration in read_catalog().declarations]
    assert sorted(names) == sorted(files)


def test_declarations_come_in_order_of_area_and_name() -> None:
    operations = [(each.area, each.name) for each in read_catalog().operations]
    assert operations == sorted(operations)


def test_name_that_is_taken_in_another_area_is_refused() -> None:
    catalog = read_catalog()
    double = replace(promote_user, module="functions.groups.promote_user")
    with pytest.raises(WrongDeclaration) as refused:
        check_unique(catalog._replace(operations=(*catalog.operations, double)))
    assert str(refused.value) == (
        "promote_user is in users and in groups. Rename one: names of functions are unique "
        "across areas."
    )


def test_name_of_an_operation_is_no_name_of_a_job() -> None:
    catalog = read_catalog()
    double = replace(catalog.jobs[0], name="promote_user")
    with pytest.raises(WrongDeclaration, match="promote_user is in users and in jobs"):
        check_unique(catalog._replace(jobs=(double,)))


def test_route_that_is_taken_is_refused() -> None:
    catalog = read_catalog()
    others = tuple(each for each in catalog.operations if each is not demote_user)
    double = replace(demote_user, path=promote_user.path)
    with pytest.raises(WrongDeclaration) as refused:
        check_unique(catalog._replace(operations=(*others, double)))
    assert str(refused.value) == (
        "demote_user and promote_user both have the route POST /admin/users/{user_id}/promote. "
        "Change one."
    )


def test_reaction_where_nothing_dispatches_entries_is_refused() -> None:
    catalog = read_catalog()
    moved = replace(catalog.stream_reactions[0], name="follow", module="functions.users.follow")
    with pytest.raises(WrongDeclaration) as refused:
        check_dispatched(catalog._replace(stream_reactions=(moved,)))
    assert str(refused.value) == (
        "follow is in functions/users, where nothing dispatches journal entries. Move it to the "
        "folder of dispatch_entries."
    )


def test_second_dispatch_is_refused() -> None:
    catalog = read_catalog()
    (dispatch,) = catalog.entry_dispatches
    double = (dispatch, replace(dispatch, name="dispatch_again"))
    with pytest.raises(WrongDeclaration, match=r"dispatch_again both dispatch entries\. Keep one"):
        check_dispatched(catalog._replace(entry_dispatches=double))


@pytest.mark.parametrize("content", ["", "find_user = 1\n", "def find_user() -> None: ...\n"])
def test_file_that_declares_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    area = tmp_path / "functions" / tmp_path.name
    area.mkdir(parents=True)
    (area / "find_user.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(WrongDeclaration) as refused:
        read_declaration(area / "find_user.py")

    assert str(refused.value) == (
        f"functions/{area.name}/find_user.py has no declaration find_user. Decorate a "
        "function find_user with @operation, @job or one of the reactions."
    )
