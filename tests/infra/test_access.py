"""The IAM policies derived from declarations: enough for all that each function does, and no more.

Every test that calls an operation or drains the stream does so within these policies
(``tests/iam.py``); here stand the functions without a caller, and the proof that it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.groups.list_groups import list_groups
from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.reactions.admit_sign_in import admit_sign_in
from functions.reactions.create_first_admin import create_first_admin
from functions.reactions.tell_old_address import tell_old_address
from functions.users.create_user import create_user
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from infra.access import Arns, derive_statements
from infra.catalog import read_catalog
from rollcall.kit.declaration import Declaration, Resource
from rollcall.kit.identity import Account
from rollcall.kit.job import Job
from rollcall.kit.mail import Mail
from rollcall.kit.operation import Operation
from rollcall.users import User
from tests.aws_edge import watched
from tests.examples import EXAMPLES, Scene
from tests.iam import TABLE, USER_POOL, Asked, acting_as, is_allowed
from tests.world import ADMIN_EMAIL, World, open_world

CATALOG = read_catalog()
ARNS = Arns("table-arn", "pool-arn", ("identity-arn",))


def each_name(declaration: Declaration) -> str:
    return declaration.name


def on_table(verb: str, key: str | None, index: str = "") -> Asked:
    resource = f"{TABLE}rollcall" + (f"/index/{index}" if index else "")
    return Asked(f"dynamodb:{verb}", resource, (key,) if key else None)


@pytest.mark.parametrize("operation", CATALOG.operations, ids=each_name)
def test_operation_succeeds_within_its_role_also_when_repeated(
    world: World, operation: Operation[Any, Any]
) -> None:
    example = EXAMPLES[operation.name](Scene(world))

    for _ in range(2):
        reply = world.invoke(
            operation,
            path=example.path,
            body=example.body,
            query=example.query,
            headers={"Idempotency-Key": "once"},
        )
        assert reply.status == operation.status


@pytest.mark.parametrize("job", CATALOG.jobs, ids=each_name)
def test_job_succeeds_within_its_role(world: World, job: Job[Any]) -> None:
    stranger = world.add_user()
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.clock.advance(days=40)
    world.write(stranger, stranger.model_copy(update={"email": "other@example.com"}))
    world.runtime.identity.set_enabled(stranger.id, False)

    with acting_as(job), watched(world.aws) as seen:
        report = job.run(world.runtime)

    assert any(call.service == "cognito-idp" for call in seen)
    assert not getattr(report, "failed", 0)


def test_trigger_succeeds_within_its_role(world: World) -> None:
    user = world.add_user()
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    with acting_as(admit_sign_in):
        admit_sign_in.react(event, world.runtime)
    assert world.user(user.id).last_login_at == world.clock.now


def test_first_admin_is_made_within_the_role_of_the_deployment() -> None:
    with open_world(founded=False) as world:
        settings = world.runtime.settings.model_copy(update={"first_admin_email": ADMIN_EMAIL})
        with acting_as(create_first_admin):
            create_first_admin.run(replace(world.runtime, settings=settings))
        (admin,) = world.users_with_email(ADMIN_EMAIL)
    assert admin.is_admin


def test_mail_goes_out_within_the_role_of_its_reaction(world: World) -> None:
    user = world.add_user("old@example.com")
    world.invoke(update_user, path={"user_id": user.id}, body={"email": "new@example.com"})
    world.drain()
    assert [mail.to for mail in world.mails()] == [["old@example.com"]]


LACKING = [
    pytest.param(operation, resource, id=f"{operation.name}-{resource.__name__}")
    for operation in CATALOG.operations
    for resource in operation.writes
    if resource in (User, Account)
]


WRITING_MORE: Mapping[str, dict[str, Any]] = {
    "replace_user_permissions": {"permissions": ["user.view"]},
    "replace_user_roles": {"roleIds": ["rol_system"]},
}
"""In the place of examples that do not write all that the operation may."""


@pytest.mark.parametrize(("operation", "resource"), LACKING)
def test_write_that_is_not_declared_is_refused(
    world: World, operation: Operation[Any, Any], resource: Resource
) -> None:
    example = EXAMPLES[operation.name](Scene(world))
    others = tuple(each for each in operation.writes if each is not resource)

    reply = world.invoke(
        replace(operation, writes=others),
        path=example.path,
        body=WRITING_MORE.get(operation.name, example.body),
        query=example.query,
    )

    assert (reply.status, reply.code) == (500, "internal_error")


def test_read_that_is_not_declared_is_refused(world: World) -> None:
    world.add_group("Readers")
    reply = world.invoke(replace(list_groups, reads=()))
    assert (reply.status, reply.code) == (500, "internal_error")


BEYOND: list[tuple[Declaration, Asked]] = [
    (list_groups, on_table("PutItem", "GROUP#grp_1")),
    (list_groups, on_table("BatchGetItem", "USER#usr_1")),
    (list_groups, on_table("GetItem", "JOURNAL#2026-01-05T09#1")),
    (list_groups, on_table("Query", "OUT_OF_STEP", "gsi1")),
    (get_user, on_table("UpdateItem", "USER#usr_1")),
    (get_user, on_table("GetItem", "CLAIM#email#ada@example.com")),
    (get_user, Asked("cognito-idp:AdminGetUser", f"{USER_POOL}eu-west-1_1")),
    (create_user, on_table("PutItem", "GROUP#grp_1")),
    (create_user, on_table("PutItem", "ACCESS")),
    (create_user, on_table("PutItem", "COUNTER#admins")),
    (create_user, on_table("GetItem", "JOURNAL#2026-01-05T09#1")),
    (create_user, on_table("DeleteItem", "JOURNAL#2026-01-05T09#1")),
    (create_user, on_table("PutItem", "MAIL#jrn_1")),
    (purge_deleted_users, on_table("PutItem", "IDEMPOTENCY#usr_1")),
    (tell_old_address, on_table("GetItem", "USER#usr_1")),
    (admit_sign_in, Asked("cognito-idp:AdminGetUser", f"{USER_POOL}eu-west-1_1")),
]


@pytest.mark.parametrize(("declaration", "asked"), BEYOND)
def test_what_is_not_declared_is_not_allowed(declaration: Declaration, asked: Asked) -> None:
    assert not is_allowed(declaration, asked)


def test_batch_is_refused_as_a_whole_for_one_key_beyond() -> None:
    both = Asked("dynamodb:BatchGetItem", f"{TABLE}rollcall", ("USER#usr_1", "GROUP#grp_1"))
    assert is_allowed(get_user, both._replace(leading_keys=("USER#usr_1", "USER#usr_2")))
    assert not is_allowed(get_user, both)


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_every_statement_names_actions_resources_and_on_the_table_the_keys(
    declaration: Declaration,
) -> None:
    statements = derive_statements(declaration, ARNS)

    assert statements
    for statement in statements:
        assert not [each for each in statement["Action"] if "*" in each or each.endswith(":Scan")]
        assert "*" not in "".join(statement["Resource"])
        if any(each.startswith("dynamodb:") for each in statement["Action"]):
            (keys,) = statement["Condition"]["ForAllValues:StringLike"].values()
            assert keys
            assert all(len(key.rstrip("*")) > 3 for key in keys)


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_nobody_scans_the_table(declaration: Declaration) -> None:
    assert not is_allowed(declaration, on_table("Scan", None))


def test_no_mail_may_be_sent_from_a_deployment_without_an_address() -> None:
    actions = [
        action
        for statement in derive_statements(tell_old_address, ARNS._replace(mail_identities=()))
        for action in statement["Action"]
    ]
    assert Mail in tell_old_address.writes
    assert not [action for action in actions if action.startswith("ses:")]
