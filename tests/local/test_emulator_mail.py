"""SES's mailbox simulator on one machine: mails to its addresses bounce, up to the user."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.provision import MAIL_SENDER, NAME, provision
from tests.api.acceptance import Session, wait_for
from tests.local.running import LocalRollcall


def address(name: str) -> str:
    return f"{name}+{secrets.token_hex(4)}@simulator.amazonses.com"


@pytest.mark.xdist_group("local")
@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_address_of_the_simulator_fails_and_its_user_gets_no_more_mails(
    local: LocalRollcall, kind: str
) -> None:
    admin, email = Session(local.api, local.admin_token), address(kind)
    invited = admin.create("/admin/invitations", email=email)
    path = f"/admin/users/{invited['userId']}"

    wait_for(lambda: "emailBounced" in admin.answer("GET", path))

    assert admin.answer("GET", path)["emailBounced"]["kind"] == kind
    found = admin.answer("GET", "/admin/users?email_bounced=true&limit=1000")["items"]
    assert invited["userId"] in [each["id"] for each in found]
    resend = admin.send("POST", f"/admin/invitations/{invited['id']}/resend")
    assert (resend.status_code, resend.json()["code"]) == (409, "email_bounced")
    assert "emailBounced" not in admin.answer("PATCH", path, {"emailBounced": False})


@pytest.mark.xdist_group("local")
def test_mail_of_cognito_bounces_too(local: LocalRollcall) -> None:
    admin = Session(local.api, local.admin_token)
    # Rollcall sends this user nothing: only Cognito mails the password.
    user = admin.create("/admin/users", email=address("bounce"), status="suspended")
    path = f"/admin/users/{user['id']}"
    wait_for(lambda: "emailBounced" in admin.answer("GET", path))


def receive(emulator: Emulator, url: str) -> list[Any]:
    answer = emulator.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


@pytest.mark.xdist_group("emulator")
def test_events_are_published_for_the_simulator_and_the_configuration_set_only(
    emulator: Emulator,
) -> None:
    url = provision(emulator).mail_events_url
    receive(emulator, url)

    def send(to: str, **options: str) -> None:
        text = {"Data": "Text"}
        emulator.client("sesv2").send_email(
            FromEmailAddress=MAIL_SENDER,
            Destination={"ToAddresses": [to]},
            Content={"Simple": {"Subject": text, "Body": {"Text": text}}},
            **options,
        )

    for ignored in ("jane@example.com", address("success")):
        send(ignored, ConfigurationSetName=NAME)
    send(address("bounce"))
    assert receive(emulator, url) == []
    bounced = address("bounce")
    send(bounced, ConfigurationSetName=NAME)
    (event,) = receive(emulator, url)
    assert (event["source"], event["detail-type"]) == ("aws.ses", "Email Bounced")
    assert event["detail"]["mail"]["destination"] == [bounced]
