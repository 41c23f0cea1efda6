"""The mails of Rollcall, in every built-in language (I4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rollcall.kit.mail_templates import LAYOUT, MailTemplate, check_templates, list_templates
from rollcall.mails.catalog import (
    MAIL_TEMPLATES,
    OURS,
    WELCOME,
    find_templates,
    format_date_time,
    format_day,
)

LOCALES = ("de", "en")
EVERY = pytest.mark.parametrize(
    ("letter", "locale"),
    [
        pytest.param(each, locale, id=f"{each.name}-{locale}")
        for each in MAIL_TEMPLATES
        for locale in LOCALES
    ],
)


def values_for(letter: MailTemplate, **said: str) -> dict[str, str]:
    """Every variable, with a value that contains its name and that HTML must escape."""
    named = {name: f'[{name} <&">]' for name in letter.required | letter.optional}
    return {**named, **said}


class Reader(HTMLParser):
    """What a person or a screen reader finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.opened.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.text += data


def test_built_in_templates_are_valid_and_complete_in_every_language() -> None:
    check_templates(OURS, MAIL_TEMPLATES)
    names = {
        f"{letter.name}.{locale}.{ending}"
        for letter in MAIL_TEMPLATES
        for locale in LOCALES
        for ending in ("txt", "html")
    }
    assert {file.name for file in list_templates(OURS)} == {*names, LAYOUT}


@EVERY
def test_text_and_html_of_a_mail_have_the_same_content(letter: MailTemplate, locale: str) -> None:
    values = values_for(letter)

    written = find_templates("").render(letter, locale, values)

    page = Reader(written.html)
    links = [attrs["href"] for tag, attrs in page.opened if tag == "a"]
    named = set(re.findall(r"\[(\w+) <&\">\]", written.text))
    assert named <= values.keys()
    assert named >= letter.required
    assert set(re.findall(r"\[(\w+) <&\">\]", f"{page.text} {links}".replace("\\", ""))) >= named
    assert "$" not in written.subject + written.text + written.html
    assert values["product"] in written.subject


@EVERY
def test_html_has_a_language_a_title_and_presentational_tables(
    letter: MailTemplate, locale: str
) -> None:
    page = Reader(find_templates("").render(letter, locale, values_for(letter)).html)
    assert ("html", {"lang": locale}) in page.opened
    assert "title" in dict(page.opened)
    assert all(attrs["role"] == "presentation" for tag, attrs in page.opened if tag == "table")
    assert not {"script", "img", "link", "iframe", "form"} & {tag for tag, _ in page.opened}


@EVERY
def test_mail_with_only_required_values_has_no_gaps(letter: MailTemplate, locale: str) -> None:
    optional = dict.fromkeys(letter.optional - {"product"}, "")

    written = find_templates("").render(letter, locale, values_for(letter, **optional))

    assert len(written.text.strip()) > 20
    assert not re.search(r"\n{3}| ,|  |: *\n", written.text)
    assert not re.search(r"<p>\s*</p>|href=\"\"", written.html)


def test_sign_in_link_is_left_out_without_a_sign_in_page() -> None:
    with_link = find_templates("").render(
        WELCOME, "en", values_for(WELCOME, login_url="https://x.example")
    )
    without = find_templates("").render(WELCOME, "en", values_for(WELCOME, login_url=""))
    assert "Sign in: https://x.example" in with_link.text
    assert 'href="https://x.example"' in with_link.html
    assert "Sign in:" not in without.text
    assert "href" not in without.html


def test_templates_of_the_deployment_come_first(tmp_path: Path) -> None:
    (tmp_path / LAYOUT).write_text("Acme $content")
    written = find_templates(str(tmp_path)).render(WELCOME, "en", values_for(WELCOME))
    assert written.html.startswith("Acme ")


def test_day_is_formatted_in_the_given_time_zone() -> None:
    moment = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    there = timezone(timedelta(hours=1))
    assert [format_day(moment, zone) for zone in (UTC, there)] == ["2026-01-05", "2026-01-06"]


def test_time_is_formatted_in_utc_independent_of_language() -> None:
    there = timezone(timedelta(hours=2))
    assert format_date_time(datetime(2026, 1, 5, 11, 30, tzinfo=there)) == "2026-01-05 09:30 UTC"
