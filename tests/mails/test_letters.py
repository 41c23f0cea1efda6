"""The letters that Rollcall writes, in every language that it comes with (I4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rollcall.kit.templates import LAYOUT, Letter, check_templates, list_templates
from rollcall.mails.letters import LETTERS, OURS, WELCOME, find_templates, format_day, format_moment

LOCALES = ("de", "en")
EVERY = pytest.mark.parametrize(
    ("letter", "locale"),
    [
        pytest.param(each, locale, id=f"{each.name}-{locale}")
        for each in LETTERS
        for locale in LOCALES
    ],
)


def values_for(letter: Letter, **said: str) -> dict[str, str]:
    """Every variable with a value that shows which it is, and that HTML must escape."""
    named = {name: f'[{name} <&">]' for name in letter.needs | letter.may}
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


def test_own_templates_can_be_used_and_there_is_one_of_each_letter_in_each_language() -> None:
    check_templates(OURS, LETTERS)
    names = {
        f"{letter.name}.{locale}.{ending}"
        for letter in LETTERS
        for locale in LOCALES
        for ending in ("txt", "html")
    }
    assert {file.name for file in list_templates(OURS)} == {*names, LAYOUT}


@EVERY
def test_letter_says_the_same_as_text_and_as_html(letter: Letter, locale: str) -> None:
    values = values_for(letter)

    written = find_templates("").write(letter, locale, values)

    page = Reader(written.html)
    links = [attrs["href"] for tag, attrs in page.opened if tag == "a"]
    named = set(re.findall(r"\[(\w+) <&\">\]", written.text))
    assert named <= values.keys()
    assert named >= letter.needs
    assert set(re.findall(r"\[(\w+) <&\">\]", f"{page.text} {links}".replace("\\", ""))) >= named
    assert "$" not in written.subject + written.text + written.html
    assert values["product"] in written.subject


@EVERY
def test_page_tells_its_language_has_a_title_and_tables_that_nobody_reads_out(
    letter: Letter, locale: str
) -> None:
    page = Reader(find_templates("").write(letter, locale, values_for(letter)).html)
    assert ("html", {"lang": locale}) in page.opened
    assert "title" in dict(page.opened)
    assert all(attrs["role"] == "presentation" for tag, attrs in page.opened if tag == "table")
    assert not {"script", "img", "link", "iframe", "form"} & {tag for tag, _ in page.opened}


@EVERY
def test_letter_of_which_only_the_needed_is_known_has_no_gaps(letter: Letter, locale: str) -> None:
    optional = dict.fromkeys(letter.may - {"product"}, "")

    written = find_templates("").write(letter, locale, values_for(letter, **optional))

    assert len(written.text.strip()) > 20
    assert not re.search(r"\n{3}| ,|  |: *\n", written.text)
    assert not re.search(r"<p>\s*</p>|href=\"\"", written.html)


def test_login_link_is_left_out_when_the_deployment_names_none() -> None:
    with_link = find_templates("").write(
        WELCOME, "en", values_for(WELCOME, login_url="https://x.example")
    )
    without = find_templates("").write(WELCOME, "en", values_for(WELCOME, login_url=""))
    assert "Sign in: https://x.example" in with_link.text
    assert 'href="https://x.example"' in with_link.html
    assert "Sign in:" not in without.text
    assert "href" not in without.html


def test_own_folder_of_a_deployment_comes_first(tmp_path: Path) -> None:
    (tmp_path / LAYOUT).write_text("Acme $content")
    written = find_templates(str(tmp_path)).write(WELCOME, "en", values_for(WELCOME))
    assert written.html.startswith("Acme ")


def test_day_is_told_as_it_is_where_somebody_is() -> None:
    moment = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    there = timezone(timedelta(hours=1))
    assert [format_day(moment, zone) for zone in (UTC, there)] == ["2026-01-05", "2026-01-06"]


def test_moment_is_told_in_utc_and_in_no_languages_own_way() -> None:
    there = timezone(timedelta(hours=2))
    assert format_moment(datetime(2026, 1, 5, 11, 30, tzinfo=there)) == "2026-01-05 09:30 UTC"
