"""Mail templates: files that are found by name and language, checked, and rendered.

A template has two files: ``<name>.<locale>.txt``, which begins with a line ``Subject: …`` and an
empty line, and ``<name>.<locale>.html``, which ``layout.html`` wraps. ``$variable`` is replaced by
a value and ``$$`` by a dollar sign. Paragraphs are separated by empty lines. A paragraph is left
out when a value that it names is empty.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import NamedTuple

DEFAULT_LOCALE = "en"
"""The language that every template has."""
LAYOUT = "layout.html"
LAYOUT_VARIABLES = frozenset({"content", "locale", "product", "subject"})
SUBJECT = "Subject: "
SUBJECT_LENGTH = 200
_FILE = re.compile(r"(?P<name>[a-z_]+)\.(?P<locale>[a-z0-9-]+)\.(?P<ending>txt|html)")
_ENDINGS = ("txt", "html")


class WrongTemplate(ValueError):
    """An invalid template; the message says what is wrong."""


class MailTemplate(NamedTuple):
    """One kind of mail: the name of its template, and the variables that it can use."""

    name: str
    required: frozenset[str]
    """Text and HTML must both use these."""
    optional: frozenset[str]
    """Their values can be empty."""


class RenderedMail(NamedTuple):
    """A mail with all values filled in."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates of several folders. A file in an earlier folder replaces the file of the same
    name in a later one.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def render(
        self, template: MailTemplate, locale: str | None, values: Mapping[str, str]
    ) -> RenderedMail:
        """Render a template in the language of a BCP 47 tag. Subtags are dropped from the end until
        a template is found (RFC 4647 section 3.4). The last resort is DEFAULT_LOCALE.
        """
        tags = (each for each in _look_up(locale) if self._find(f"{template.name}.{each}.txt"))
        found = next(tags, DEFAULT_LOCALE)
        head, _, body = self._read(f"{template.name}.{found}.txt").partition("\n")
        lines = {name: _one_line(value) for name, value in values.items()}
        subject = Template(head.removeprefix(SUBJECT)).substitute(lines)[:SUBJECT_LENGTH].strip()
        content = fill(self._read(f"{template.name}.{found}.html"), values, escape_html)
        frame = {"subject": html.escape(subject), "product": html.escape(lines["product"])}
        page = Template(self._read(LAYOUT)).substitute(frame, content=content, locale=found)
        return RenderedMail(subject, fill(body, values, plain_text), page)

    def _find(self, name: str) -> Path | None:
        paths = (folder / name for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)

    def _read(self, name: str) -> str:
        path = self._find(name)
        if path is None:
            raise WrongTemplate(f"The template {name} does not exist.")
        return path.read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str], write: Callable[[str], str]) -> str:
    """The text with these values, formatted by ``write``. Paragraphs that name an empty value are
    left out.
    """
    written = {name: write(value) for name, value in values.items()}
    paragraphs = [Template(each) for each in re.split(r"\n\s*\n", text.strip())]
    kept = (each for each in paragraphs if all(map(written.get, each.get_identifiers())))
    return "\n\n".join(each.substitute(written) for each in kept) + "\n"


def escape_html(value: str) -> str:
    """A value escaped for HTML text and quoted attributes."""
    return "<br>\n".join(html.escape(line) for line in plain_text(value).split("\n"))


def plain_text(value: str) -> str:
    """A value without invisible characters except line breaks."""
    return "\n".join(_one_line(line) for line in value.splitlines())


def _one_line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _look_up(tag: str | None) -> Iterator[str]:
    subtags = (tag or "").lower().split("-")
    for length in range(len(subtags), 0, -1):
        yield "-".join(subtags[:length])
    yield DEFAULT_LOCALE


def list_templates(folder: Path) -> list[Path]:
    """The files in a folder, except hidden ones."""
    return sorted(file for file in folder.iterdir() if not file.name.startswith("."))


def check_templates(folder: Path, templates: Iterable[MailTemplate]) -> None:
    """Raise WrongTemplate unless every file in the folder is a valid template."""
    known = {each.name: each for each in templates}
    if not folder.is_dir():
        raise WrongTemplate(f"{folder} is not a folder. Give the folder of your templates.")
    for file in list_templates(folder):
        if file.name == LAYOUT:
            _check_variables(file, _read(file), {"content"}, LAYOUT_VARIABLES)
        else:
            _check_file(file, known)


def _check_file(file: Path, known: Mapping[str, MailTemplate]) -> None:
    match = _FILE.fullmatch(file.name)
    if match is None or match["name"] not in known:
        raise WrongTemplate(
            f"{file.name} is not the name of a template. Use {LAYOUT}, or <name>.<locale>.txt and "
            f"<name>.<locale>.html in lower case, with one of the names {', '.join(known)}."
        )
    for ending in _ENDINGS:
        other = f"{match['name']}.{match['locale']}.{ending}"
        if not (file.parent / other).is_file():
            raise WrongTemplate(f"{file.name} needs a file {other} in the same folder.")
    template, text = known[match["name"]], _read(file)
    allowed = template.required | template.optional
    if match["ending"] == "txt":
        head, _, text = text.partition("\n")
        if not head.startswith(SUBJECT) or text.partition("\n")[0].strip():
            raise WrongTemplate(
                f"{file.name} must begin with a line “{SUBJECT}…” and an empty line."
            )
        _check_variables(file, head, frozenset(), allowed)
    _check_variables(file, text, template.required, allowed)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise WrongTemplate(f"{file.name} is not a text file in UTF-8.") from error


def _check_variables(file: Path, text: str, needed: Iterable[str], allowed: frozenset[str]) -> None:
    template = Template(text)
    if not template.is_valid():
        raise WrongTemplate(f"{file.name} has a $ without a variable. Write $$ for a dollar sign.")
    named = set(template.get_identifiers())
    if unknown := sorted(named - allowed):
        raise WrongTemplate(
            f"{file.name} uses the unknown variable ${unknown[0]}. It can use "
            f"{', '.join(f'${each}' for each in sorted(allowed))}."
        )
    if missing := sorted(set(needed) - named):
        raise WrongTemplate(f"{file.name} must use the variable ${missing[0]}.")
