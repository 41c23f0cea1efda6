"""The catalog: everything that is declared, each name and route once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from functions.users.demote_user import demote_user
from functions.users.promote_user import promote_user
from rollcall.kit.entity import Entity
from rollcall.kit.errors import WrongDeclaration
from rollcall.users.note import Note
from rollcall.users.user import User
from rollcall_infra.bundle import FUNCTIONS, ROOT
from rollcall_infra.catalog import (
    check_dispatched,
    check_unique,
    find_source,
    read_catalog,
    read_declaration,
)

EXAMPLE = ROOT / "tests" / "example" / "functions"
JOB = """from __future__ import annotations

from datetime import timedelta

from rollcall.background import job
from rollcall.kit.call import Call
from rollcall.kit.job import Report


@job(every=timedelta(days=1))
def {name}(call: Call) -> Report:
    \"\"\"{words}\"\"\"
    return Report()
"""


def write_job(folder: Path, path: str, words: str = "Do nothing.") -> Path:
    """Write a job to ``<area>/<name>.py`` in a folder."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(JOB.format(name=file.stem, words=words))
    return file


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
        "follow is in a folder users, where nothing dispatches journal entries. Move it to a "
        "folder reactions."
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


def test_functions_of_a_further_folder_are_among_ours_in_order() -> None:
    operations = [(each.area, each.name) for each in read_catalog(EXAMPLE).operations]
    assert operations == sorted(operations)
    ours = {(each.area, each.name) for each in read_catalog().operations}
    own = {("badges", "award_badge"), ("badges", "list_badges")}
    assert set(operations) == ours | own


def test_folders_can_have_areas_with_the_same_name(tmp_path: Path) -> None:
    files = [
        write_job(tmp_path / "first", "billing/send_bills.py", "Send."),
        write_job(tmp_path / "second", "billing/check_bills.py", "Check."),
        write_job(tmp_path / "second", "jobs/count_bills.py"),
    ]
    jobs = read_catalog(tmp_path / "first", tmp_path / "second").jobs
    made = {each.name: each for each in jobs}
    assert [find_source(made[file.stem]) for file in files] == files
    assert (made["send_bills"].summary, made["check_bills"].summary) == ("Send.", "Check.")
    assert made["count_bills"].area == made["compact_directory"].area == "jobs"


def test_name_that_is_taken_in_the_same_area_of_another_folder_is_refused(tmp_path: Path) -> None:
    write_job(tmp_path, "jobs/purge_deleted_users.py")
    with pytest.raises(WrongDeclaration) as refused:
        read_catalog(tmp_path)
    assert f"is in {FUNCTIONS}/jobs and in {tmp_path}/jobs. Rename one" in str(refused.value)


def test_further_folder_is_known_by_its_path_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_job(tmp_path / "nightly", "billing/sum_bills.py")
    monkeypatch.chdir(tmp_path)
    (made,) = (each for each in read_catalog(Path("nightly")).jobs if each.name == "sum_bills")
    assert find_source(made) == file


def test_folder_without_functions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "billing.py").touch()
    with pytest.raises(WrongDeclaration, match=r"has no functions. Name a folder with files such"):
        read_catalog(tmp_path)


@pytest.mark.parametrize(
    ("name", "words", "refusal"),
    [("x" * 44, "Do.", "a name of 44 characters"), ("do_it", "x" * 257, "a summary of 257 char")],
)
def test_what_lambda_does_not_accept_is_refused(
    tmp_path: Path, name: str, words: str, refusal: str
) -> None:
    write_job(tmp_path, f"billing/{name}.py", words)
    with pytest.raises(WrongDeclaration, match=refusal):
        read_catalog(tmp_path)


def test_area_is_a_name_that_modules_can_have(tmp_path: Path) -> None:
    write_job(tmp_path, "my-billing/send_bills.py")
    with pytest.raises(WrongDeclaration, match=r"my-billing is not the name of a package. Rename"):
        read_catalog(tmp_path)


def test_package_of_a_folder_has_a_name_of_its_own(tmp_path: Path) -> None:
    write_job(tmp_path, "billing/send_bills.py")
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").touch()
    with pytest.raises(WrongDeclaration, match=r"json has the name of another package, .*json"):
        read_catalog(tmp_path)


def test_route_that_differs_in_the_name_of_a_variable_is_refused() -> None:
    catalog = read_catalog()
    others = tuple(each for each in catalog.operations if each is not demote_user)
    double = replace(demote_user, path="/admin/users/{id}/promote")
    with pytest.raises(WrongDeclaration, match=r"both have the route POST .*/\{id\}/promote"):
        check_unique(catalog._replace(operations=(*others, double)))


def test_trigger_that_is_taken_is_refused() -> None:
    catalog = read_catalog()
    (ours,) = catalog.cognito_reactions
    second = replace(ours, name="greet_user")
    with pytest.raises(WrongDeclaration, match="are both the trigger pre_token_generation"):
        check_unique(catalog._replace(cognito_reactions=(ours, second)))


def define(kind_: str, partition_: str, *, guest_: bool = False) -> type[Entity]:
    """An entity of a further folder."""

    class Impostor(Entity):
        """Something else."""

        kind: ClassVar[str] = kind_
        partition: ClassVar[str] = partition_
        guest: ClassVar[bool] = guest_

    return Impostor


@pytest.mark.parametrize(
    ("impostor", "words"),
    [
        (define("user", "IMPOSTOR#"), "both have the kind 'user'"),
        (define("impostor", User.partition), "share a partition"),
        (define("impostor", f"{User.partition}X#"), "share a partition"),
        (define("impostor", User.partition[:2]), "share a partition"),
        (define("impostor", ""), "share a partition"),
    ],
)
def test_entity_that_others_could_read_or_write_is_refused(
    impostor: type[Entity], words: str
) -> None:
    catalog = read_catalog()
    (first, *others) = catalog.jobs
    changed = replace(first, reads=(*first.reads, impostor))
    with pytest.raises(WrongDeclaration, match=words):
        check_unique(catalog._replace(jobs=(changed, *others)))


def test_guest_is_stored_with_another_entity_on_purpose() -> None:
    guest = define("impostor", Note.partition, guest_=True)
    catalog = read_catalog()
    (first, *others) = catalog.jobs
    changed = replace(first, reads=(*first.reads, guest))
    check_unique(catalog._replace(jobs=(changed, *others)))
