"""The rehearsal of ``rollcall restore``: a backup of the running Rollcall, damage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.acceptance import wait_for
from tests.local.running import LocalRollcall, run_command

pytestmark = pytest.mark.xdist_group("local")

PASSWORD = "Correct-Horse-7"
BACKUP = "rollcall-restored"


@pytest.fixture
def dynamodb(local: LocalRollcall) -> Iterator[Any]:
    """A DynamoDB client, which deletes the restored table at the end."""
    client = local.aws("dynamodb")
    yield client
    if BACKUP in client.list_tables()["TableNames"]:
        client.delete_table(TableName=BACKUP)


def add_user(client: httpx.Client, name: str, group_id: str) -> str:
    body = {"email": f"{name}@restored.example", "name": name, "temporaryPassword": PASSWORD}
    made = client.post("/admin/users", json={**body, "groups": [group_id]})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def restore(local: LocalRollcall, *arguments: str) -> str:
    """Run the command and return its output."""
    done = run_command("restore", "--state", str(local.state), "--from", BACKUP, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Items compared" in done.stderr
    return done.stdout


def test_damaged_deployment_is_restored_from_its_backup(
    local: LocalRollcall, dynamodb: Any, tmp_path: Path
) -> None:
    table, cognito = local.described["table"], local.aws("cognito-idp")
    pool = {"UserPoolId": local.described["userPoolId"]}
    with local.client() as client:
        group_id = client.post("/admin/groups", json={"name": "Restored"}).json()["id"]
        deleted, renamed = (add_user(client, name, group_id) for name in ("deleted", "renamed"))
        cognito.admin_set_user_password(Username=renamed, Password=PASSWORD, Permanent=True, **pool)
        token = local.token("--email", "renamed@restored.example", "--password", PASSWORD)
        wait_for(lambda: client.get(f"/admin/users/{renamed}").json()["identity"]["inStep"])

        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=BACKUP, UseLatestRestorableTime=True
        )
        damage(table, client, dynamodb, (deleted, renamed), group_id)
        kept = add_user(client, "kept", group_id)

        planned = restore(local, "--include-erased", "--plan", str(tmp_path / "plan.jsonl"))
        assert "Nothing was changed" in planned
        assert "Status of users, absent → active: 1" in planned
        rows = {
            row["id"]: row
            for row in map(json.loads, (tmp_path / "plan.jsonl").read_text().splitlines())
        }
        assert rows[deleted]["outcome"] == "created"
        assert "name" in rows[renamed]["fields"]
        assert rows[kept]["outcome"] == "kept"
        assert "  user              stay deleted" in restore(local)
        assert client.get(f"/admin/users/{deleted}").status_code == 404

        done = restore(local, "--include-erased", "--apply", "--reason", "An accident")

        assert "corrected" in done
        for user_id, name in ((deleted, "deleted"), (renamed, "renamed")):
            user = client.get(f"/admin/users/{user_id}").json()
            assert (user["name"], user["groups"]) == (name, [group_id])
            history = client.get(f"/admin/users/{user_id}/history").json()["items"]
            assert history[0]["action"] == "restore_backup"
            assert history[0]["reason"].endswith(": An accident")
            taken = {"email": f"{name}@restored.example", "sendInvite": False}
            assert client.post("/admin/users", json=taken).status_code == 409
        assert client.get(f"/admin/groups/{group_id}").json()["memberCount"] == 3
        members = client.get(f"/admin/groups/{group_id}/members").json()["items"]
        assert {each["userId"] for each in members} == {deleted, renamed, kept}
        listed = "/admin/users?search=restored.example"
        wait_for(lambda: client.get(listed).json()["pagination"]["total"] == 3)
        for user_id in (deleted, renamed):
            wait_for(lambda: in_sync(client, user_id))  # noqa: B023 (it is called at once)
            assert cognito.admin_get_user(Username=user_id, **pool)["Enabled"]
    with local.client(token) as client:
        assert client.get("/me").status_code == 401
    wait_for(lambda: accepts(local, "renamed@restored.example"))
    assert "came back" not in restore(local, "--apply", "--reason", "Again")


def damage(
    table: str, client: httpx.Client, dynamodb: Any, users: tuple[str, str], group_id: str
) -> None:
    """Delete and change users through the API, and damage items without it."""
    deleted, renamed = users
    assert client.delete(f"/admin/users/{deleted}").status_code == 200
    assert client.patch(f"/admin/users/{renamed}", json={"name": "Wrong"}).status_code == 200
    removed = client.delete(f"/admin/users/{renamed}/groups/{group_id}")
    assert removed.status_code == 200, removed.text
    claim = {"pk": {"S": "CLAIM#email#renamed@restored.example"}, "sk": {"S": "CLAIM"}}
    dynamodb.delete_item(TableName=table, Key=claim)
    dynamodb.update_item(
        TableName=table,
        Key={name: {"S": f"GROUP#{group_id}"} for name in ("pk", "sk")},
        UpdateExpression="SET memberCount = :wrong",
        ExpressionAttributeValues={":wrong": {"N": "9"}},
    )
    key = {"pk": {"S": f"USER#{deleted}"}, "sk": {"S": "#USER"}}

    def is_erased() -> bool:
        found = dynamodb.get_item(TableName=table, Key=key)["Item"]
        return "expiresAt" in found

    wait_for(is_erased)


def in_sync(client: httpx.Client, user_id: str) -> bool:
    found: bool = client.get(f"/admin/users/{user_id}").json()["identity"]["inStep"]
    return found


def accepts(local: LocalRollcall, email: str) -> bool:
    """Whether the API accepts a new sign-in. It can be in the second that sessions ended in."""
    with local.client(local.token("--email", email, "--password", PASSWORD)) as client:
        return client.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "nowhere"), "ResourceNotFound"),
        (("--from", "rollcall"), "is the table in use"),
        (("--from", "nowhere", "--apply"), "--reason"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(
    local: LocalRollcall, arguments: tuple[str, ...], words: str
) -> None:
    done = run_command("restore", "--state", str(local.state), *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
