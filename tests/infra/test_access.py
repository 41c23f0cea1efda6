"""The IAM policies derived from declarations: enough for all that each function does, and no more.

Every test that calls an operation or drains the stream does so within these policies
(``tests/world/iam.py``); here stand the functions without a caller, and the proof that it holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.list_groups import list_groups
from functions.jobs.clear_ended_grants import clear_ended_grants
from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.organizations.create_organization import create_organization
from functions.organizations.list_organizations import list_organizations
from functions.reactions.admit_sign_in import admit_sign_in
from functions.reactions.create_first_admin import create_first_admin
from functions.reactions.notify_user import notify_user
from functions.registration.register_user import register_user
from functions.roles.list_roles import list_roles
from functions.system.register_resource import register_resource
from functions.users.create_user import create_user
from functions.users.get_user import get_user
from functions.users.get_user_history import get_user_history
from functions.users.promote_user import promote_user
from functions.users.update_user import update_user
from rollcall.directory.snapshots import DirectoryState
from rollcall.grants.grant import KINDS as GRANTS
from rollcall.grants.grant import Grant
from rollcall.kit.account import Account, AccountList, AccountPassword
from rollcall.kit.cursor import CursorKey
from rollcall.kit.declaration import Declaration, Resource
from rollcall.kit.dispatch import EntryDispatch
from rollcall.kit.entity import Entity
from rollcall.kit.job import Job
from rollcall.kit.key_rotation import KINDS
from rollcall.kit.mail import Mail
from rollcall.kit.model import camel_case
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.paging import CursorRequest
from rollcall.kit.reaction import JournalWatch, StreamReaction
from rollcall.kit.tokens import TokenKey
from rollcall.users.user import User
from rollcall_infra.access import Arns, derive_statements
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.iam import BUCKET, TABLE, USER_POOL, NeededPermission, acting_as, is_allowed
from tests.world.opening import open_world
from tests.world.world import ADMIN_EMAIL, World

CATALOG = read_catalog()
ARNS = Arns("table-arn", "keys-arn", "pool-arn", "bucket-arn", ("identity-arn",))


def each_name(declaration: Declaration) -> str:
    return declaration.name


def on_keys(verb: str, key: str) -> NeededPermission:
    """A call on the table of the signing keys, with attributes if it writes."""
    written = ("pk", "sk", "secret") if verb in {"PutItem", "UpdateItem"} else ()
    return NeededPermission(f"dynamodb:{verb}", f"{TABLE}rollcall-keys", (key,), written)


def on_table(verb: str, key: str | None, index: str = "") -> NeededPermission:
    resource = f"{TABLE}rollcall" + (f"/index/{index}" if index else "")
    written = ("pk", "sk") if verb in {"PutItem", "UpdateItem"} else ()
    return NeededPermission(f"dynamodb:{verb}", resource, (key,) if key else None, written)


def updating(key: str, *attributes: str) -> NeededPermission:
    """An update of these attributes of one item."""
    asked = on_table("UpdateItem", key)
    return asked._replace(attributes=("pk", "sk", *attributes))


def putting(key: str, *attributes: str) -> NeededPermission:
    """Writing an item with these attributes."""
    return updating(key, *attributes)._replace(action="dynamodb:PutItem")


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
    world.add_registration()
    world.give_role(stranger.id, world.add_role("Support"), ends_at=world.clock.now)
    stranger = world.user(stranger.id)
    world.clock.advance(days=80)
    if DirectoryState not in job.writes:
        world.build_directory()
    world.write(stranger, stranger.model_copy(update={"email": "other@example.com"}))
    world.runtime.identity.set_enabled(stranger.id, False)
    world.clock.advance(hours=1)

    with acting_as(job), watched(world.aws) as seen:
        report = job.run(world.runtime)

    writing = {"TransactWriteItems", "UpdateItem", "AdminEnableUser", "PutObject", "SendEmail"}
    written = {call.operation for call in seen} & writing
    assert written, "there is something for it to do"
    assert not getattr(report, "failed", 0)


def test_trigger_succeeds_within_its_role(world: World) -> None:
    user = world.add_user()
    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    with acting_as(admit_sign_in):
        admit_sign_in.react(event, world.runtime)
    assert world.user(user.id).last_login_at == world.clock.now


def test_first_admin_is_made_within_the_role_of_the_deployment() -> None:
    with open_world(with_admin=False) as world:
        settings = world.runtime.settings.model_copy(update={"first_admin_email": ADMIN_EMAIL})
        with acting_as(create_first_admin):
            create_first_admin.run(replace(world.runtime, settings=settings))
        (admin,) = world.users_with_email(ADMIN_EMAIL)
    assert admin.is_admin


def test_mail_goes_out_within_the_role_of_its_reaction(world: World) -> None:
    user = world.add_user("old@example.com")
    world.invoke(update_user, path={"user_id": user.id}, body={"email": "new@example.com"})
    world.drain()
    assert [mail.to for mail in world.mails()] == [["new@example.com"], ["old@example.com"]]


GRANTING = ("add", "change", "promote", "replace")
"""The first words of the operations whose examples grant something."""
LACKING = [
    pytest.param(operation, resource, id=f"{operation.name}-{resource.__name__}")
    for operation in CATALOG.operations
    for resource in operation.writes
    if resource in (User, Account)
    or (issubclass(resource, Grant) and operation.name.startswith(GRANTING))
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


BEYOND: list[tuple[Declaration, NeededPermission]] = [
    (list_groups, on_table("PutItem", "GROUP#grp_1")),
    (list_groups, on_table("BatchGetItem", "USER#usr_1")),
    (list_groups, on_table("GetItem", "JOURNAL#2026-01-05T09#1")),
    (list_groups, on_table("Query", "OUT_OF_STEP", "gsi1")),
    (get_user, on_table("UpdateItem", "USER#usr_1")),
    (get_user, on_table("GetItem", "CLAIM#email#ada@example.com")),
    (get_user, on_table("Query", "TARGET#usr_1", "gsi1")),
    (get_user_history, on_table("GetItem", "JOURNAL#2026-01-05T09#1")),
    (get_user_history, on_table("Query", "ACTOR#usr_1", "gsi2")),
    (get_user, NeededPermission("cognito-idp:AdminGetUser", f"{USER_POOL}eu-west-1_1")),
    (create_user, on_table("PutItem", "GROUP#grp_1")),
    (create_user, on_table("PutItem", "ACCESS")),
    (create_user, on_table("PutItem", "COUNTER#admins")),
    (create_user, on_table("GetItem", "JOURNAL#2026-01-05T09#1")),
    (create_user, on_table("DeleteItem", "JOURNAL#2026-01-05T09#1")),
    (create_user, on_table("PutItem", "MAIL#jrn_1")),
    (purge_deleted_users, on_table("PutItem", "IDEMPOTENCY#usr_1")),
    (clear_ended_grants, on_table("PutItem", "ROLE#rol_1")),
    (clear_ended_grants, on_table("GetItem", "ACCESS")),
    (clear_ended_grants, on_table("UpdateItem", "RESOURCE#wsp_1")),
    (clear_ended_grants, NeededPermission("cognito-idp:AdminGetUser", f"{USER_POOL}eu-west-1_1")),
    (notify_user, on_table("UpdateItem", "USER#usr_1")),
    (notify_user, on_table("GetItem", "GROUP#grp_1")),
    (
        admit_sign_in,
        NeededPermission("cognito-idp:AdminListGroupsForUser", f"{USER_POOL}eu-west-1_1"),
    ),
]


COUNTED: list[tuple[Declaration, NeededPermission]] = [
    (promote_user, updating("COUNTER#admins", "count")),
    (add_user_to_group, updating("GROUP#grp_1", "memberCount", "erased")),
    (create_user, updating("ORGANIZATION#org_1", "memberCount", "erased")),
    (create_user, updating("ROLE#rol_1", "holderCount", "erased")),
    (clear_ended_grants, updating("ROLE#rol_1", "holderCount", "erased")),
    (create_organization, updating("COUNTER#ORGANIZATIONS", "count")),
    (create_organization, updating("ROLE#rol_1", "holderCount", "erased")),
    (register_resource, updating("USER#usr_1", "type#workspace", "active#grp_1", "revision")),
    (register_resource, updating("GROUP#grp_1", "activeWorkspaceCount", "erased")),
]
"""What is counted on the items of others."""


@pytest.mark.parametrize(("declaration", "asked"), COUNTED)
def test_counting_may_change_the_number_and_nothing_beside_it(
    declaration: Declaration, asked: NeededPermission
) -> None:
    assert is_allowed(declaration, asked)
    for other in ("isAdmin", "status", "name", "version", "defaultRoleId"):
        assert not is_allowed(declaration, asked._replace(attributes=(*asked.attributes, other)))
    for verb in ("PutItem", "DeleteItem", "BatchWriteItem"):
        assert not is_allowed(declaration, asked._replace(action=f"dynamodb:{verb}"))


READ_BY_COUNTING: list[tuple[Declaration, NeededPermission]] = [
    (promote_user, on_table("GetItem", "GROUP#grp_1")),
    (promote_user, on_table("GetItem", "ROLE#rol_1")),
    (promote_user, on_table("GetItem", "ORGANIZATION#org_1")),
    (create_organization, on_table("GetItem", "COUNTER#admins")),
]


@pytest.mark.parametrize(("declaration", "asked"), READ_BY_COUNTING)
def test_whoever_counts_does_not_read_for_that(
    declaration: Declaration, asked: NeededPermission
) -> None:
    assert not is_allowed(declaration, asked)


def test_answer_to_counting_does_not_show_the_rest_of_the_item() -> None:
    counting = updating("USER#usr_1", "revision")
    assert is_allowed(register_resource, counting)
    assert is_allowed(register_resource, counting._replace(return_values="NONE"))
    for shown in ("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"):
        assert not is_allowed(register_resource, counting._replace(return_values=shown))


LISTS: list[tuple[Declaration, str]] = [
    (list_groups, "COUNTER#GROUPS"),
    (list_organizations, "COUNTER#ORGANIZATIONS"),
    (list_roles, "COUNTER#ROLES"),
]


@pytest.mark.parametrize(("declaration", "counter"), LISTS)
def test_list_reads_its_total(declaration: Declaration, counter: str) -> None:
    assert is_allowed(declaration, on_table("GetItem", counter))
    assert not is_allowed(declaration, updating(counter, "count"))
    others = {each for _, each in LISTS} - {counter}
    assert not [each for each in others if is_allowed(declaration, on_table("GetItem", each))]


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_signing_keys_are_read_by_those_who_sign_and_written_by_those_who_rotate(
    declaration: Declaration,
) -> None:
    lists = isinstance(declaration, Operation) and issubclass(
        declaration.request_model, CursorRequest
    )
    used = {
        CursorKey: lists or CursorKey in declaration.writes,
        TokenKey: TokenKey in (*declaration.reads, *declaration.writes),
    }
    for kind, reads in used.items():
        assert is_allowed(declaration, on_keys("GetItem", kind.partition)) == reads
        for verb in ("PutItem", "UpdateItem"):
            rotates = kind in declaration.writes
            assert is_allowed(declaration, on_keys(verb, kind.partition)) == rotates
        assert not is_allowed(declaration, on_keys("DeleteItem", kind.partition))
        for verb in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
            assert not is_allowed(declaration, on_table(verb, kind.partition))


def test_no_operation_rotates_a_signing_key() -> None:
    rotating = {each.name for each in CATALOG.declarations if {*KINDS} & {*each.writes}}
    assert rotating == {"create_first_admin", "rotate_signing_keys"}


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_only_functions_that_declare_a_grant_can_write_one(declaration: Declaration) -> None:
    declared = [each for each in declaration.writes if issubclass(each, Grant)]
    for kind in GRANTS:
        needed = camel_case(kind.subject_field)
        holds = any(kind.subject_field in each.model_fields for each in declared)
        for writing in (putting, updating):
            assert is_allowed(declaration, writing("USER#usr_1", "userId", needed)) == holds


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_nobody_can_mark_a_user_as_platform_admin_beside_the_grant(
    declaration: Declaration,
) -> None:
    assert not is_allowed(declaration, putting("USER#usr_1", "isAdmin"))
    assert not is_allowed(declaration, updating("USER#usr_1", "isAdmin"))


def test_public_functions_make_no_admins() -> None:
    public = [each for each in CATALOG.operations if each.public]
    assert register_user in public
    for each in public:
        assert not is_allowed(each, putting("USER#usr_1", "userId", "roleId", "gsi2pk", "gsi2sk"))
        assert not is_allowed(each, putting("USER#usr_1", "userId", "permission"))
    own = User.model_validate({"id": "usr_1", "createdAt": START, "updatedAt": START}).item()
    assert is_allowed(register_user, putting("USER#usr_1", *own))


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_journal_is_appended_to_with_the_attributes_of_an_entry_and_nothing_else(
    declaration: Declaration,
) -> None:
    entry = "JOURNAL#2026-01-05T09#1"
    writes = any(issubclass(each, Entity) for each in declaration.writes)
    assert is_allowed(declaration, putting(entry, "id", "at", "action", "gsi1pk")) == writes
    assert not is_allowed(declaration, putting(entry, "id", "expiresAt"))
    assert not is_allowed(declaration, updating(entry, "changes"))
    assert not is_allowed(declaration, on_table("DeleteItem", entry))


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_password_is_set_only_by_functions_that_declare_it(declaration: Declaration) -> None:
    def may(action: str) -> bool:
        pool = f"{USER_POOL}eu-west-1_1"
        return is_allowed(declaration, NeededPermission(f"cognito-idp:{action}", pool))

    assert may("AdminSetUserPassword") == (AccountPassword in declaration.writes)
    assert may("AdminDeleteUser") == (Account in declaration.writes)
    assert may("ListUsers") == (AccountList in declaration.reads)


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_request_without_the_keys_of_a_condition_is_refused(declaration: Declaration) -> None:
    statements = derive_statements(declaration, ARNS)
    for statement in (each for each in statements if each["Effect"] == "Allow"):
        for action in (each for each in statement["Action"] if each.startswith("dynamodb:")):
            keys = statement["Condition"]["ForAllValues:StringLike"]
            (first, *_) = keys["dynamodb:LeadingKeys"]
            for table in (f"{TABLE}rollcall", f"{TABLE}rollcall-keys"):
                assert not is_allowed(declaration, NeededPermission(action, table))
                if "dynamodb:Attributes" in keys:
                    bare = NeededPermission(action, table, (first.rstrip("*"),))
                    assert not is_allowed(declaration, bare)


POLICY_AT_MOST = 10_240
"""The characters of all inline policies of a role, without white space (IAM quotas)."""
REST = 1_000
"""Of those, for logs, traces, the stream and the dead-letter queue."""


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_policy_fits_into_a_role(declaration: Declaration) -> None:
    table = "arn:aws:dynamodb:ap-southeast-2:123456789012:table/rollcall-data-Table-" + "X" * 12
    bucket = "arn:aws:s3:::rollcall-data-bucket-" + "x" * 12
    arns = Arns(table, table, table, bucket, (table, table))
    policy = json.dumps(derive_statements(declaration, arns), separators=(",", ":"))
    assert len(policy) <= POLICY_AT_MOST - REST


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_only_what_is_public_counts_its_callers(declaration: Declaration) -> None:
    public = isinstance(declaration, Operation) and declaration.public
    assert is_allowed(declaration, updating("THROTTLE#look#192.0.2.7#1", "count")) == public
    assert not is_allowed(declaration, on_table("DeleteItem", "THROTTLE#look#192.0.2.7#1"))


RIGHTS = ("isAdmin", "status", "authEpoch", "groupId", "organizationId", "roleId", "permission")
"""What the items in a user's partition say of what the user may do."""
BESIDE_USERS = [
    each
    for each in CATALOG.declarations
    if User not in each.writes
    and any(issubclass(kind, Entity) and kind.guest for kind in each.writes)
]


def assert_gives_no_right(declaration: Declaration) -> None:
    """It cannot write what would let a user do anything, nor take a user away."""
    for attribute in RIGHTS:
        for writing in (putting, updating):
            assert not is_allowed(declaration, writing("USER#usr_1", "id", attribute))
    for verb in ("DeleteItem", "BatchWriteItem"):
        assert not is_allowed(declaration, on_table(verb, "USER#usr_1"))


@pytest.mark.parametrize("declaration", BESIDE_USERS, ids=each_name)
def test_whoever_writes_what_is_kept_beside_a_user_writes_nothing_else_of_the_user(
    declaration: Declaration,
) -> None:
    assert_gives_no_right(declaration)
    (kind,) = (each for each in declaration.writes if issubclass(each, Entity))
    own = [camel_case(name) for name, field in kind.model_fields.items() if not field.exclude]
    assert is_allowed(declaration, putting("USER#usr_1", *own))
    assert is_allowed(declaration, updating("USER#usr_1", *own))
    assert not is_allowed(declaration, putting("GROUP#grp_1", "id"))


SERVICES = [each for each in CATALOG.operations if each.path.startswith("/system/")]


@pytest.mark.parametrize("operation", SERVICES, ids=each_name)
def test_function_for_services_neither_reads_nor_changes_who_may_do_what(
    operation: Operation[Any, Any],
) -> None:
    for verb in ("GetItem", "PutItem", "UpdateItem"):
        assert not is_allowed(operation, on_table(verb, "ACCESS"))
    assert_gives_no_right(operation)


@pytest.mark.parametrize(("declaration", "asked"), BEYOND)
def test_what_is_not_declared_is_not_allowed(
    declaration: Declaration, asked: NeededPermission
) -> None:
    assert not is_allowed(declaration, asked)


def test_batch_is_refused_as_a_whole_for_one_key_beyond() -> None:
    both = NeededPermission(
        "dynamodb:BatchGetItem", f"{TABLE}rollcall", ("USER#usr_1", "GROUP#grp_1")
    )
    assert is_allowed(get_user, both._replace(leading_keys=("USER#usr_1", "USER#usr_2")))
    assert not is_allowed(get_user, both)


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_every_statement_names_actions_resources_and_on_the_table_the_keys(
    declaration: Declaration,
) -> None:
    statements = derive_statements(declaration, ARNS)

    prefixes = [f"bucket-arn/{kind.prefix}" for kind in declaration.stored_objects]

    assert statements or isinstance(declaration, JournalWatch | EntryDispatch)
    for statement in statements:
        assert not [each for each in statement["Action"] if "*" in each or each.endswith(":Scan")]
        named = [each for each in statement["Resource"] if each.removesuffix("*") not in prefixes]
        assert "*" not in "".join(named)
        about_table = any(each.startswith("dynamodb:") for each in statement["Action"])
        if about_table and statement["Effect"] == "Allow":
            keys = statement["Condition"]["ForAllValues:StringLike"]
            assert keys["dynamodb:LeadingKeys"]
            assert all(len(each.rstrip("*")) > 1 for names in keys.values() for each in names)


class Report(StoredObject):
    """A kind of object."""

    prefix = "reports/"


class Picture(StoredObject):
    """Another kind of object."""

    prefix = "pictures/"


def on_bucket(verb: str, key: str = "", prefix: str | None = None) -> NeededPermission:
    resource = f"{BUCKET}rollcall" + (f"/{key}" if key else "")
    return NeededPermission(f"s3:{verb}", resource, prefix=prefix)


def test_who_reads_a_kind_of_object_reads_and_lists_below_its_prefix() -> None:
    reader = replace(list_groups, reads=(Report,))
    assert is_allowed(reader, on_bucket("GetObject", "reports/2026/one"))
    assert is_allowed(reader, on_bucket("ListBucket", prefix="reports/"))
    assert is_allowed(reader, on_bucket("ListBucket", prefix="reports/2026/one"))
    for asked in (
        on_bucket("GetObject", "pictures/one"),
        on_bucket("GetObject", "reports"),
        on_bucket("ListBucket"),
        on_bucket("ListBucket", prefix=""),
        on_bucket("ListBucket", prefix="pictures/"),
        on_bucket("PutObject", "reports/one"),
        on_bucket("DeleteObject", "reports/one"),
        on_bucket("DeleteBucket"),
        on_bucket("PutBucketPolicy"),
    ):
        assert not is_allowed(reader, asked), asked


def test_who_writes_a_kind_of_object_writes_below_its_prefix_alone() -> None:
    writer = replace(list_groups, reads=(Picture,), writes=(Report,))
    for verb in ("GetObject", "PutObject", "DeleteObject"):
        assert is_allowed(writer, on_bucket(verb, "reports/one"))
        assert is_allowed(writer, on_bucket(verb, "pictures/one")) == (verb == "GetObject")
        assert not is_allowed(writer, on_bucket(verb, "directory/one"))
    assert not is_allowed(writer, on_bucket("PutObjectAcl", "reports/one"))


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_bucket_is_for_those_alone_who_declare_a_kind_of_object(declaration: Declaration) -> None:
    actions = {each for s in derive_statements(declaration, ARNS) for each in s["Action"]}
    assert ("s3:GetObject" in actions) == bool(declaration.stored_objects)


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_nobody_scans_the_table(declaration: Declaration) -> None:
    assert not is_allowed(declaration, on_table("Scan", None))


def test_reactions_read_single_entries_and_those_who_read_the_stream_read_no_items() -> None:
    entry = "JOURNAL#2026-01-05T09#0"
    for reaction in CATALOG.stream_reactions:
        assert is_allowed(reaction, on_table("GetItem", entry))
        assert not is_allowed(reaction, on_table("DeleteItem", entry))
    for reader in (*CATALOG.entry_dispatches, *CATALOG.journal_watches):
        assert not is_allowed(reader, on_table("GetItem", entry))


def test_no_operation_sends_mail_so_that_none_fails_when_one_cannot_be_sent() -> None:
    senders = [each for each in CATALOG.declarations if Mail in each.writes]
    assert senders
    assert all(isinstance(each, Job | StreamReaction) for each in senders)


def test_trigger_sees_second_factors_only_of_a_pool_that_is_known() -> None:
    arns = ARNS._replace(user_pool="")
    unknown = derive_statements(admit_sign_in, arns)
    known = derive_statements(admit_sign_in, ARNS)
    assert [each for each in known if each not in unknown] == [
        {"Effect": "Allow", "Action": ["cognito-idp:AdminGetUser"], "Resource": ["pool-arn"]}
    ]
    assert "cognito-idp" not in str(unknown)


def test_no_mail_may_be_sent_from_a_deployment_without_an_address() -> None:
    actions = [
        action
        for statement in derive_statements(notify_user, ARNS._replace(mail_resources=()))
        for action in statement["Action"]
    ]
    assert Mail in notify_user.writes
    assert not [action for action in actions if action.startswith("ses:")]
