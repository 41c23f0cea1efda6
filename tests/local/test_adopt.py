"""``rollcall adopt`` on the running Rollcall and on a deployment found by its stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rollcall_infra.local.emulator import REGION
from tests.api.acceptance import wait_for
from tests.local.running import LocalRollcall, run_command

PASSWORD = "Chosen-Before-1"


@pytest.fixture
def cognito(local: LocalRollcall) -> Any:
    """A Cognito client for accounts that are created without Rollcall."""
    return local.aws("cognito-idp")


def add_account(local: LocalRollcall, cognito: Any, name: str, email: str) -> None:
    """Create an account with a permanent password."""
    pool_id = local.described["userPoolId"]
    attributes = {"email": email, "email_verified": "true"} if email else {}
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username=name, Password=PASSWORD, Permanent=True
    )


def adopt(local: LocalRollcall, *arguments: str) -> str:
    """Run the command and return its output."""
    done = run_command("adopt", "--state", str(local.state), *arguments)
    assert done.returncode == 0, done.stderr
    assert "(all)." in done.stderr
    return done.stdout


def test_adoption_shows_a_plan_then_creates_users_who_sign_in_as_before(
    local: LocalRollcall, cognito: Any, tmp_path: Path
) -> None:
    add_account(local, cognito, "moving-in", "moving.in@example.com")
    add_account(local, cognito, "nobody-s", "")
    file = tmp_path / "plan.jsonl"

    planned = adopt(local, "--plan", str(file))

    assert "Would be adopted, 1\n  moving-in  moving.in@example.com  active\n" in planned
    assert "It has neither an email nor a phone number. [address_needed]\n  nobody-s" in planned
    assert "Nothing was changed" in planned
    rows = {row["id"]: row for row in map(json.loads, file.read_text().splitlines())}
    assert (rows["moving-in"]["outcome"], rows["nobody-s"]["outcome"]) == ("adopted", "refused")
    with local.client() as client:
        assert client.get("/admin/users/moving-in").status_code == 404

        done = adopt(local, "--apply", "--reason", "Moving in")

        assert "\n  adopted                    1   (1 active)\n" in done
        user = client.get("/admin/users/moving-in").json()
        assert (user["email"], user["identity"]["inStep"]) == ("moving.in@example.com", True)
        history = client.get("/admin/users/moving-in/history").json()["items"]
        assert [(each["action"], each["reason"]) for each in history] == [
            ("adopt_account", "Moving in")
        ]
        wait_for(lambda: client.get("/admin/users?search=moving.in").json()["items"])
    token = local.token("--email", "moving.in@example.com", "--password", PASSWORD)
    with local.client(token) as client:
        assert client.get("/me").json()["id"] == "moving-in"
    again = adopt(local, "--apply")
    assert "\n  adopted                    0\n" in again


def test_adoption_finds_a_deployment_by_its_prefix(
    local: LocalRollcall, cognito: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = local.described
    add_account(local, cognito, "by-prefix", "by.prefix@example.com")
    outputs = {"TableName": run["table"], "UserPoolId": run["userPoolId"]}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    stacks = local.aws("cloudformation")
    stacks.create_stack(StackName="moved-data", TemplateBody=json.dumps(template))
    wait_for(lambda: stacks.describe_stacks(StackName="moved-data")["Stacks"][0].get("Outputs"))
    for name, value in {
        "AWS_ENDPOINT_URL": run["aws"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": local.aws_keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": local.aws_keys.secret_access_key,
    }.items():
        monkeypatch.setenv(name, value)

    done = run_command("adopt", "--prefix", "moved", "--apply", "--json")

    assert done.returncode == 0, done.stderr
    rows = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["by-prefix"]["outcome"] == "adopted"
    missing = run_command("adopt", "--prefix", "nowhere")
    assert missing.returncode == 1
    assert missing.stderr.startswith("rollcall: ")
    assert "Traceback" not in missing.stderr


def test_adoption_without_a_running_rollcall_is_refused(tmp_path: Path) -> None:
    done = run_command("adopt", "--state", str(tmp_path))
    assert done.returncode == 1
    assert "Start it with: rollcall local" in done.stderr
