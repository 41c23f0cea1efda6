"""The deployed example app: the acceptance flow, reactions, jobs (issue 2, 5), own operations."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rollcall_infra.dead_letter_queue import DeadLetterQueue
from rollcall_infra.local.mailbox import read_mails
from rollcall_infra.local.state import LocalProblem
from rollcall_infra.react import ReactOptions, run_react
from tests.api.acceptance import Acceptance, Api, Session, may_sign_in, wait_for
from tests.deployed.deploying import CATALOG, Deployed

pytestmark = pytest.mark.xdist_group("deployed")
"""One deployment serves them all."""


class TestDeployed(Acceptance):
    """The flow on AWS."""


def cognito(deployed: Deployed, verb: str, username: str, **parameters: Any) -> Any:
    """Call an admin operation of Cognito directly, without Rollcall."""
    call = getattr(deployed.aws.client("cognito-idp"), verb)
    return call(UserPoolId=deployed.outputs["UserPoolId"], Username=username, **parameters)


def test_deployment_creates_the_first_admin(deployed: Deployed, api: Api) -> None:
    me = api.admin().send("GET", "/me").json()
    assert (me["username"], me["status"]) == ("first", "active")
    listed = cognito(deployed, "admin_list_groups_for_user", me["id"])["Groups"]
    assert [group["GroupName"] for group in listed] == ["admins"]


def test_stream_reaction_completes_an_interrupted_operation(deployed: Deployed, api: Api) -> None:
    admin = api.admin()
    user = admin.create_member()
    group = admin.create("/admin/groups", name=f"Stream {user['id']}")
    cognito(deployed, "admin_disable_user", user["id"])
    # As if an operation had crashed before it updated Cognito.
    deployed.aws.client("dynamodb").update_item(
        TableName=deployed.outputs["TableName"],
        Key={"pk": {"S": f"USER#{user['id']}"}, "sk": {"S": "#USER"}},
        UpdateExpression="SET identityVersion = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )

    # Joining a group does not change the account, so only the stream reaction checks it.
    path = f"/admin/users/{user['id']}"
    admin.create(f"{path}/groups", groupId=group["id"], role="member")

    wait_for(lambda: cognito(deployed, "admin_get_user", user["id"])["Enabled"])
    wait_for(lambda: admin.answer("GET", path)["identity"]["inStep"])


def test_bounce_of_a_mail_reaches_the_user_by_the_rule(api: Api) -> None:
    admin = api.admin()
    invited = admin.create("/admin/invitations", email="bounce+1@simulator.amazonses.com")
    path = f"/admin/users/{invited['userId']}"
    wait_for(lambda: "emailBounced" in admin.answer("GET", path))


def test_stream_has_two_readers(deployed: Deployed) -> None:
    mappings = deployed.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    names = sorted(each["FunctionArn"].rpartition(":")[2] for each in mappings)
    assert names == ["rollcall-dispatch_entries", "rollcall-watch_journal"]


def test_reaction_that_failed_for_good_is_repeated_from_its_dead_letters(
    deployed: Deployed,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed.use_in_shell(monkeypatch)
    name = "rollcall-converge_identity"
    queue = DeadLetterQueue.of_function(deployed.aws.client, name)
    admin = api.admin()
    since = datetime.now(UTC)
    journal = ReactOptions(
        prefix="rollcall",
        state=Path("nowhere"),
        reaction="converge_identity",
        since=since,
        until=None,
        dead_letters=False,
        apply=True,
    )
    dead_letters = replace(journal, reaction=None, since=None, dead_letters=True)
    with deployed.without_policy("converge_identity"):
        admin.create_member()
        wait_for(lambda: has_messages(queue))

        with pytest.raises(LocalProblem, match=f"{name} failed: .* again with --since 20"):
            run_react(journal)
        with pytest.raises(LocalProblem, match="failed again and stay in the queue"):
            run_react(dead_letters)

    run_react(replace(dead_letters, apply=False))
    assert f"{name}: jrn_" in capsys.readouterr().out
    run_react(dead_letters)
    assert not has_messages(queue)
    run_react(journal)
    assert "converge_identity has reacted to " in capsys.readouterr().out


def has_messages(queue: DeadLetterQueue) -> bool:
    """Whether the queue has messages that can be received."""
    number = "ApproximateNumberOfMessages"
    answer = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[number])
    return int(answer["Attributes"][number]) > 0


def test_old_address_is_notified_of_an_address_change(deployed: Deployed, api: Api) -> None:
    admin = api.admin()
    user = admin.create_user()
    changed = {"email": f"new-{user['id']}@example.com"}
    assert admin.send("PATCH", f"/admin/users/{user['id']}", changed).status_code == 200

    def mailed() -> bool:
        return any(
            each.to == user["email"] and "address was changed" in each.html
            for each in read_mails(deployed.aws.url, deployed.aws.keys)
        )

    wait_for(mailed)


def test_trigger_rejects_a_sign_in_that_cognito_would_allow(deployed: Deployed, api: Api) -> None:
    admin = api.admin()
    user = admin.create_member()
    assert may_sign_in(api, user["email"])
    admin.send("POST", f"/admin/users/{user['id']}/suspend")
    cognito(deployed, "admin_enable_user", user["id"])

    assert cognito(deployed, "admin_get_user", user["id"])["Enabled"]
    assert not may_sign_in(api, user["email"])


def test_reconciliation_repairs_an_account_that_is_out_of_sync(
    deployed: Deployed, api: Api
) -> None:
    user = api.admin().create_member()
    cognito(deployed, "admin_disable_user", user["id"])
    # The job skips users that have changed recently.
    deployed.aws.client("dynamodb").update_item(
        TableName=deployed.outputs["TableName"],
        Key={"pk": {"S": f"USER#{user['id']}"}, "sk": {"S": "#USER"}},
        UpdateExpression="SET updatedAt = :earlier",
        ExpressionAttributeValues={":earlier": {"S": "2026-01-01T00:00:00.000Z"}},
    )

    report = deployed.invoke("reconcile_all_identities")

    assert report["mended"] >= 1
    assert (report["failed"], report["orphans"]) == (0, 0)
    assert cognito(deployed, "admin_get_user", user["id"])["Enabled"]


def test_purge_skips_users_who_were_deleted_recently(deployed: Deployed, api: Api) -> None:
    admin = api.admin()
    user = admin.create_user()
    assert admin.send("DELETE", f"/admin/users/{user['id']}?mode=soft").status_code == 200

    assert deployed.invoke("purge_deleted_users") == {"purged": 0, "refused": 0}

    assert admin.send("GET", f"/admin/users/{user['id']}").json()["status"] == "deleted"


def test_service_cannot_push_the_facts_of_another(deployed: Deployed, api: Api) -> None:
    user, facts = api.admin().create_user(), {"facts": {"progress": 1}}
    another = Session(api.url, deployed.service_token("Another"))
    sources = {
        source: another.send("PUT", f"/system/users/{user['id']}/facts/{source}", facts)
        for source in ("another", "learning")
    }
    assert sources["another"].status_code == 200
    refused = sources["learning"]
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_every_job_has_its_schedule(deployed: Deployed) -> None:
    client = deployed.aws.client("scheduler")
    targets = [
        client.get_schedule(Name=each["Name"])["Target"]["Arn"].rpartition(":")[2]
        for each in client.list_schedules()["Schedules"]
    ]
    assert sorted(targets) == sorted(f"rollcall-{job.name}" for job in CATALOG.jobs)


def test_function_fails_without_its_policy(deployed: Deployed, api: Api) -> None:
    """This proves that all other tests here run within the deployed roles."""
    iam, admin = deployed.aws.client("iam"), api.admin()
    role = deployed.role_of("list_groups")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    assert admin.send("GET", "/groups").status_code == 200

    iam.delete_role_policy(RoleName=role, PolicyName=name)

    assert admin.send("GET", "/groups").status_code == 500
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    wait_for(lambda: admin.send("GET", "/groups").status_code == 200)


def test_directory_jobs_store_objects_under_the_prefix_of_the_directory_only(
    deployed: Deployed,
) -> None:
    s3, bucket = deployed.aws.client("s3"), deployed.outputs["BucketName"]
    for _ in range(2):  # the second run starts from a snapshot
        for name in ("rebuild_directory", "compact_directory"):
            deployed.invoke(name)
    stored = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert {each["Key"].partition("/")[0] for each in stored} == {"directory"}


def test_operations_of_the_app_write_and_read_its_own_entity(deployed: Deployed, api: Api) -> None:
    admin = api.admin()
    user, other = admin.create_user(), admin.create_user()
    badges = f"/admin/users/{user['id']}/badges"

    awarded = admin.send("POST", badges, {"name": "First order"})

    assert (awarded.status_code, awarded.json()["name"]) == (201, "First order")
    assert [each["name"] for each in admin.answer("GET", badges)["items"]] == ["First order"]
    assert admin.answer("GET", f"/admin/users/{other['id']}/badges")["items"] == []
    assert admin.send("POST", "/admin/users/usr_none/badges", {"name": "x"}).status_code == 404
    assert deployed.outputs["TableName"] == "shop-users"
