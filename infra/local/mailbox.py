"""The mails that the embedded AWS has sent, for a browser: ``/mail``.

They include Cognito's mails with temporary passwords and codes. They are stored in memory only and
are lost at the next start.
"""

from __future__ import annotations

import html
import json
import urllib.request
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

_GUARDED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""HTML mails may have styles but no active content, as in mail clients."""
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


def read_mails(aws_url: str) -> list[Received]:
    """Every mail that the embedded AWS has, newest first."""
    with urllib.request.urlopen(f"{aws_url}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310 (loopback)
        by_account = json.load(answer)["messages"]
    received = [_read(each) for mails in by_account.values() for each in mails]
    return sorted(received, key=lambda mail: mail.at, reverse=True)


def _read(record: dict[str, Any]) -> Received:
    return Received(
        id=record["MessageId"].partition("@")[0],
        at=datetime.fromtimestamp(record["Timestamp"], UTC),
        to=", ".join(record["To"]),
        subject=record["Subject"],
        text=record["BodyText"],
        html=record["BodyHtml"] or "",
    )


def mail_routes(aws_url: str) -> list[Route]:
    """The routes of the list and of each mail in its forms."""
    return [
        Route("/mail", partial(_list_mails, aws_url)),
        Route("/mail/{mail_id}/html", partial(_show_html, aws_url)),
        Route("/mail/{mail_id}/text", partial(_show_text, aws_url)),
    ]


async def _list_mails(aws_url: str, _request: Request) -> Response:
    rows = [
        _ROW.format(
            at=f"{mail.at:%Y-%m-%d %H:%M:%S} UTC",
            to=html.escape(mail.to),
            subject=html.escape(mail.subject),
            links=" ".join(_LINK.format(id=mail.id, form=form) for form in mail.forms),
        )
        for mail in await run_in_threadpool(read_mails, aws_url)
    ]
    return HTMLResponse(_PAGE.format(rows="\n".join(rows)))


async def _show_html(aws_url: str, request: Request) -> Response:
    mail = await _find(aws_url, request)
    if not mail.html:
        raise HTTPException(404)
    return HTMLResponse(mail.html, headers=_GUARDED)


async def _show_text(aws_url: str, request: Request) -> Response:
    mail = await _find(aws_url, request)
    return PlainTextResponse(f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}")


async def _find(aws_url: str, request: Request) -> Received:
    for mail in await run_in_threadpool(read_mails, aws_url):
        if mail.id == request.path_params["mail_id"]:
            return mail
    raise HTTPException(404)
