"""Makes ministack's SES publish bounces and complaints as Amazon's does: it accepts event
destinations, but publishes no events to them. The addresses are those of SES's mailbox simulator,
such as ``bounce@simulator.amazonses.com`` and ``complaint+1@simulator.amazonses.com`` (Amazon SES
developer guide, mailbox simulator). Mails to other addresses are delivered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from email.utils import parseaddr
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import eventbridge, ses, ses_v2

_DETAIL_TYPES = {"Bounce": "Email Bounced", "Complaint": "Email Complaint Received"}
_SEND = "/outbound-emails"


def publish_mail_events() -> None:
    """Let ministack publish the events of the mails that it sends, those of its Cognito too."""
    handle, send_internal = ses_v2.handle_request, ses.send_internal_email

    async def handle_all(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
        response = await handle(method, path, headers, body, query)
        if method == "POST" and path.rstrip("/").endswith(_SEND) and response[0] == 200:
            sent = json.loads(body)
            to = sent.get("Destination", {}).get("ToAddresses", [])
            message_id = json.loads(response[2])["MessageId"]
            _publish(sent.get("ConfigurationSetName", ""), message_id, to)
        return response

    def send_all(source: str, to_addrs: list[str], *args: Any, **options: Any) -> Any:
        message_id = send_internal(source, to_addrs, *args, **options)
        _publish(options.get("config_set", ""), message_id, to_addrs)
        return message_id

    ses_v2.handle_request = handle_all
    ses.send_internal_email = send_all


def _publish(configuration_set: str, message_id: str, recipients: Iterable[str]) -> None:
    wanted = _find_event_types(configuration_set)
    for address in (parseaddr(each)[1] for each in recipients):
        local, _, domain = address.lower().partition("@")
        if domain != ses._SIMULATOR_DOMAIN:
            continue
        for kind, subtype in ses._SIMULATOR_OUTCOMES.get(local.split("+")[0], ()):
            if kind in _DETAIL_TYPES and kind.upper() in wanted:
                mail = {
                    "timestamp": now_iso(),
                    "messageId": message_id,
                    "destination": [address],
                    "tags": {"ses:configuration-set": [configuration_set]},
                }
                failure = ses._notification_detail(kind, address, now_iso(), subtype)
                _put_event(_DETAIL_TYPES[kind], {"eventType": kind, "mail": mail, **failure})


def _find_event_types(configuration_set: str) -> set[str]:
    """The types that the enabled event destinations of a configuration set send to EventBridge."""
    known = ses_v2._config_sets.get(configuration_set) or {}
    destinations = (known.get("EventDestinations") or {}).values()
    sending = (
        each for each in destinations if each["Enabled"] and "EventBridgeDestination" in each
    )
    return {kind for each in sending for kind in each["MatchingEventTypes"]}


def _put_event(detail_type: str, detail: dict[str, Any]) -> None:
    entry = {"Source": "aws.ses", "DetailType": detail_type, "Detail": json.dumps(detail)}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
