"""The mails that the embedded AWS has sent, for a browser: ``/mail``.

They include Cognito's mails with temporary passwords and codes. They are stored in memory only and
are lost at the next start.
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from rollcall_infra.local.emulator import read_signed
from rollcall_infra.local.state import AwsKeys, LocalProblem, LocalRun

POLL_SECONDS = 0.3
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A mail can have any styles, but runs nothing and loads nothing, as in mail clients."""
_GUARDED = {"Content-Security-Policy": _POLICY}
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Mail</title>
  <link rel="icon" href="data:,">
  <style>
    body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }}
    table {{ border-collapse: collapse; }}
    th, td {{ text-align: left; padding: 0.3rem 1.5rem 0.3rem 0; }}
  </style>
</head>
<body>
  <h1>Mail</h1>
  <p>All mails that Rollcall and the embedded Cognito have sent since the last start, newest first.
  No mail leaves this machine.</p>
  <table>
    <thead><tr><th>Sent</th><th>To</th><th>Subject</th><th>Read</th></tr></thead>
    <tbody>
{rows}
    </tbody>
  </table>
</body>
</html>
"""
_ROW = "      <tr><td>{at}</td><td>{to}</td><td>{subject}</td><td>{links}</td></tr>"
_LINK = '<a href="/mail/{id}/{form}">{form}</a>'


class Received(NamedTuple):
    """One mail as SES received it."""

    id: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms of the mail. Cognito's mails have only text."""
        return ("html", "text") if self.html else ("text",)


type _Read = Callable[[], list[Received]]


def read_mails(aws_url: str, keys: AwsKeys) -> list[Received]:
    """Every mail that the embedded AWS has, newest first."""
    by_account = json.loads(read_signed(f"{aws_url}/_ministack/ses/messages", keys))["messages"]
    received = [_read(each) for mails in by_account.values() for each in mails]
    return sorted(received, key=lambda mail: mail.at, reverse=True)


def wait_for_mail(run: LocalRun, address: str, seconds: float) -> Received:
    """The last mail to an address. Raises LocalProblem if there is none within these seconds."""
    deadline = time.monotonic() + seconds
    while True:
        mails = read_mails(run.aws, run.aws_keys)
        found = next((each for each in mails if each.to.lower() == address), None)
        if found:
            return found
        if time.monotonic() > deadline:
            raise LocalProblem(f"No mail was sent to {address} since the last start.")
        time.sleep(POLL_SECONDS)


def _read(record: dict[str, Any]) -> Received:
    return Received(
        id=record["MessageId"].partition("@")[0],
        at=datetime.fromtimestamp(record["Timestamp"], UTC),
        to=", ".join(record["To"]),
        subject=record["Subject"],
        text=record["BodyText"],
        html=record["BodyHtml"] or "",
    )


def mail_routes(aws_url: str, keys: AwsKeys) -> list[Route]:
    """The list, and each mail in both of its forms."""
    read = partial(read_mails, aws_url, keys)
    return [
        Route("/mail", partial(_list_mails, read)),
        Route("/mail/{mail_id}/html", partial(_show_html, read)),
        Route("/mail/{mail_id}/text", partial(_show_text, read)),
    ]


async def _list_mails(read: _Read, _request: Request) -> Response:
    rows = [
        _ROW.format(
            at=f"{mail.at:%Y-%m-%d %H:%M:%S} UTC",
            to=html.escape(mail.to),
            subject=html.escape(mail.subject),
            links=" ".join(_LINK.format(id=mail.id, form=form) for form in mail.forms),
        )
        for mail in await run_in_threadpool(read)
    ]
    return HTMLResponse(_PAGE.format(rows="\n".join(rows)), headers=_GUARDED)


async def _show_html(read: _Read, request: Request) -> Response:
    mail = await _find(read, request)
    if not mail.html:
        raise HTTPException(404)
    return HTMLResponse(mail.html, headers=_GUARDED)


async def _show_text(read: _Read, request: Request) -> Response:
    mail = await _find(read, request)
    text = f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}"
    return PlainTextResponse(text, headers=_GUARDED)


async def _find(read: _Read, request: Request) -> Received:
    for mail in await run_in_threadpool(read):
        if mail.id == request.path_params["mail_id"]:
            return mail
    raise HTTPException(404)
