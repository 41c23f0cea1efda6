"""The mails of ``rollcall local`` in a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rollcall_infra.local.mailbox import wait_for_mail
from rollcall_infra.local.state import LocalProblem, LocalRun
from tests.api.acceptance import shared_client, wait_for
from tests.local.running import LocalRollcall, run_command

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""


def list_mails(root: str, email: str) -> list[tuple[str, str]]:
    """Subject and id of the mails to an address, newest first, as on the page."""
    page = shared_client().get(f"{root}/mail")
    assert page.status_code == 200
    rows = re.findall(r"<td>([^<]*)</td><td>([^<]*)</td><td><a href=\"/mail/([^/]+)/", page.text)
    return [(html.unescape(subject), name) for to, subject, name in rows if to == email]


def has_mails(root: str, email: str, number: int) -> Callable[[], bool]:
    """A condition: this address has so many mails."""
    return lambda: len(list_mails(root, email)) == number


def test_mails_are_listed_and_read_as_html_and_as_text(local: LocalRollcall) -> None:
    root, email = local.api.removesuffix("/api"), "mailed@example.com"
    with local.client() as api:
        sent = {"email": email, "name": "Jane <Doe>", "temporaryPassword": "TempPass123!"}
        locale = {"profile": {"locale": "de-DE"}}
        user = api.post("/admin/users", json=sent | locale).json()
        wait_for(has_mails(root, email, 1))
        api.post(f"/admin/users/{user['id']}/disable")
        wait_for(has_mails(root, email, 2))

    (disabled, _), (welcome, name) = list_mails(root, email)
    assert disabled == "Ihr Konto bei Rollcall wurde deaktiviert"
    assert welcome == "Willkommen bei Rollcall"
    page, text = (shared_client().get(f"{root}/mail/{name}/{form}") for form in ("html", "text"))
    assert "Guten Tag Jane &lt;Doe&gt;!" in page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert text.headers["Content-Type"].startswith("text/plain")
    assert text.text.startswith(f"To: {email}\nSubject: Willkommen bei Rollcall\n\nGuten Tag Jane")
    assert "TempPass123!" not in page.text + text.text
    assert f"{root}/mail" in local.printed


def test_unknown_mail_is_not_found(local: LocalRollcall) -> None:
    root = local.api.removesuffix("/api")
    for path in ("none/html", "none/text", "none"):
        assert shared_client().get(f"{root}/mail/{path}").status_code == 404


def test_custom_templates_and_login_url_are_used(branded: LocalRollcall) -> None:
    root, email = branded.api.removesuffix("/api"), "jane@example.com"
    with branded.client() as api:
        api.post("/admin/users", json={"email": email})
    wait_for(has_mails(root, email, 2))
    mails = dict(list_mails(root, email))
    page = shared_client().get(f"{root}/mail/{mails['Welcome to Rollcall']}/html").text
    invitation = mails["Your temporary password"]  # from Cognito, without HTML

    assert page.startswith("<p>Acme</p><p>Hello jane,</p>")
    assert 'href="https://app.example.com"' in page
    assert "temporary password is" in shared_client().get(f"{root}/mail/{invitation}/text").text
    assert shared_client().get(f"{root}/mail/{invitation}/html").status_code == 404


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mail-templates", "infra"), "is not the name of a template"),
        (("--login-url", "app.example.com"), "app.example.com is not the URL of a sign-in page"),
    ],
)
def test_invalid_mail_options_are_refused_at_the_start(
    tmp_path: Path, options: tuple[str, str], message: str
) -> None:
    done = run_command("local", "--state", str(tmp_path), *options)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert message in done.stderr


def test_last_mail_to_an_address_is_printed(local: LocalRollcall) -> None:
    email = "printed@example.com"
    with local.client() as api:
        user = api.post("/admin/users", json={"email": email, "temporaryPassword": "TempPass123!"})
        first = run_command("mail", "--state", str(local.state), "--to", "Printed@Example.com")
        api.post(f"/admin/users/{user.json()['id']}/disable")
        wait_for(has_mails(local.api.removesuffix("/api"), email, 2))
        last = run_command("mail", "--state", str(local.state), "--to", email)

    assert "account was created for you" in first.stdout
    assert "disabled" in last.stdout
    assert (first.returncode, first.stderr) == (last.returncode, last.stderr) == (0, "")


def test_address_without_mail_is_reported(local: LocalRollcall) -> None:
    run = LocalRun.model_validate(local.described)
    with pytest.raises(LocalProblem, match=r"No mail was sent to nobody@example\.com"):
        wait_for_mail(run, "nobody@example.com", 0)
