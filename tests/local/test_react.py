"""``rollcall react``: reactions are repeated from the journal and from the dead-letter queue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from rollcall_infra.dead_letter_queue import DeadLetterQueue, FailedDelivery
from rollcall_infra.local.cli import main
from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.state import LocalProblem
from rollcall_infra.react import ReactOptions, run_react
from tests.api.acceptance import wait_for
from tests.local.running import LocalRollcall

OPTIONS = ReactOptions(
    prefix=None,
    state=Path("nowhere"),
    reaction=None,
    since=None,
    until=None,
    dead_letters=False,
    apply=False,
)


def create_user(local: LocalRollcall, name: str) -> dict[str, Any]:
    """Create a user, and wait until the reaction to it has run; returns the response."""
    body = {"email": f"{name}@example.com", "temporaryPassword": "TempPass123!"}
    with local.client() as client:
        answer = client.post("/admin/users", json=body)
        assert answer.status_code == 201, answer.text
        user: dict[str, Any] = answer.json()
        (entry,) = client.get(f"/admin/users/{user['id']}/history").json()["items"]
    wait_for(lambda: has_reacted(local, "converge_identity", entry["requestId"]))
    return user


def has_reacted(local: LocalRollcall, reaction: str, request_id: str) -> bool:
    """Whether the log has a run of the reaction to what this request has changed."""
    words = (f'"message":"{reaction}"', '"outcome":"ok"', request_id)
    lines = (local.state / "functions.log").read_text().splitlines()
    return any(all(each in line for each in words) for line in lines)


def test_plan_names_the_entries_and_apply_repeats_the_reaction(
    local: LocalRollcall, capsys: pytest.CaptureFixture[str]
) -> None:
    since = datetime.now(UTC)
    user = create_user(local, "to.repeat")
    cognito = local.aws("cognito-idp")
    account = {"UserPoolId": local.described["userPoolId"], "Username": user["id"]}
    # As if the reaction had never run.
    cognito.admin_disable_user(**account)
    local.aws("dynamodb").update_item(
        TableName=local.described["table"],
        Key={"pk": {"S": f"USER#{user['id']}"}, "sk": {"S": "#USER"}},
        UpdateExpression="SET identityVersion = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )
    plan = replace(OPTIONS, state=local.state, reaction="converge_identity", since=since)

    run_react(plan)

    planned = capsys.readouterr().out
    assert f"  create_user  user {user['id']}\n" in planned
    assert "would react to 1 entries. Use --apply" in planned
    assert not cognito.admin_get_user(**account)["Enabled"]
    for _ in range(2):
        run_react(replace(plan, apply=True))
        assert "has reacted to 1 entries." in capsys.readouterr().out
        assert cognito.admin_get_user(**account)["Enabled"]
    run_react(replace(plan, until=since))
    assert "would react to 0 entries" in capsys.readouterr().out


LONG_AGO = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, r"Specify --reaction and --since, or --dead-letters\."),
        ({"reaction": "notify_user"}, r"Specify --reaction and --since"),
        ({"reaction": "fly", "since": LONG_AGO}, r"There is no reaction fly\. Use one of: "),
        (
            {"reaction": "notify_user", "since": LONG_AGO},
            r"not known for more than 8 days which mails were sent\. Specify --since 20",
        ),
        ({"dead_letters": True}, r"--dead-letters needs --prefix"),
        ({"dead_letters": True, "prefix": "p", "since": LONG_AGO}, r"and takes no times"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(LocalProblem, match=words):
        run_react(replace(OPTIONS, **given))


def test_time_that_cannot_be_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["react", "--since", "yesterday"])
    assert "yesterday is not a time" in capsys.readouterr().err


DELIVERY = Delivery(function="rollcall-notify_user", entries=(Key("JOURNAL#1", "jrn_1"),))
FAILED = {"requestPayload": DELIVERY.model_dump(mode="json"), "responsePayload": {}}
LOST = {
    "DDBStreamBatchInfo": {
        "approximateArrivalOfFirstRecord": "2026-01-31T12:00:00Z",
        "approximateArrivalOfLastRecord": "2026-01-31T12:00:05Z",
    }
}


def test_dead_letter_names_the_function_and_the_entries() -> None:
    message = FailedDelivery.read({"Body": json.dumps(FAILED), "ReceiptHandle": "r"})
    assert (message.function, message.entries) == (DELIVERY.function, DELIVERY.entries)
    assert message.describe() == "rollcall-notify_user: jrn_1"


def test_records_that_were_not_dispatched_say_which_time_to_repeat() -> None:
    message = FailedDelivery.read({"Body": json.dumps(LOST), "ReceiptHandle": "r"})
    assert "from 2026-01-31T12:00:00Z to 2026-01-31T12:00:05Z" in message.describe()
    other = FailedDelivery.read({"Body": "{}", "ReceiptHandle": "r"})
    assert other.describe() == "A message of another function. It stays in the queue."


def test_messages_are_received_once_and_stay_unless_deleted(emulator: Emulator) -> None:
    client = emulator.client("sqs")
    url = client.create_queue(QueueName="dead-letters")["QueueUrl"]
    for body in (FAILED, LOST):
        client.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    queue = DeadLetterQueue(client, url)

    with queue.receive_all() as messages:
        received = list(messages)
        for message in received:
            if message.function:
                queue.delete(message)

    assert sorted(each.function for each in received) == ["", DELIVERY.function]
    with queue.receive_all() as messages:
        assert [each.body for each in messages] == [LOST]
