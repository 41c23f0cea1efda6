"""The texts of letters as files: found by name and language, checked before they are used, and
filled in with care.

A pair of files is one text: ``<name>.<locale>.txt``, which begins with a line ``Subject: …`` and
an empty one, and ``<name>.<locale>.html``, which ``layout.html`` frames. ``$variable`` stands for
a value and ``$$`` for a dollar sign. A paragraph, which is what stands between empty lines, is left
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
"""In which every letter is written."""
LAYOUT = "layout.html"
LAYOUT_VARIABLES = frozenset({"content", "locale", "product", "subject"})
SUBJECT = "Subject: "
SUBJECT_LENGTH = 200
_FILE = re.compile(r"(?P<name>[a-z_]+)\.(?P<locale>[a-z0-9-]+)\.(?P<ending>txt|html)")
_ENDINGS = ("txt", "html")


class WrongTemplate(ValueError):
    """A template that cannot be used; its text is one sentence that says what is wrong."""


class Letter(NamedTuple):
    """One kind of mail: what its templates are called, and the variables that they know."""

    name: str
    needs: frozenset[str]
    """Those without which the mail is of no use: text and HTML have to name them."""
    may: frozenset[str]
    """Those that it may name too; their values may be empty."""


class Written(NamedTuple):
    """A letter with everything filled in."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates of some folders; what stands in an earlier one replaces what stands in a later
    one, file by file.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def write(self, letter: Letter, locale: str | None, values: Mapping[str, str]) -> Written:
        """Fill in a letter in the language of a BCP 47 tag, or of what is left when its subtags are
        dropped from its end (RFC 4647 section 3.4), or in DEFAULT_LOCALE.
        """
        tags = (each for each in _look_up(locale) if self._find(f"{letter.name}.{each}.txt"))
        found = next(tags, DEFAULT_LOCALE)
        head, _, body = self._read(f"{letter.name}.{found}.txt").partition("\n")
        lines = {name: _one_line(value) for name, value in values.items()}
        subject = Template(head.removeprefix(SUBJECT)).substitute(lines)[:SUBJECT_LENGTH].strip()
        content = fill(self._read(f"{letter.name}.{found}.html"), values, escape_html)
        frame = {"subject": html.escape(subject), "product": html.escape(lines["product"])}
        page = Template(self._read(LAYOUT)).substitute(frame, content=content, locale=found)
        return Written(subject, fill(body, values, plain_text), page)

    def _find(self, name: str) -> Path | None:
        paths = (folder / name for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)

    def _read(self, name: str) -> str:
        path = self._find(name)
        if path is None:
            raise WrongTemplate(f"There is no template {name}.")
        return path.read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str], write: Callable[[str], str]) -> str:
    """The text with these values, each written as its surroundings want it, without the paragraphs
    that name an empty one.
    """
    written = {name: write(value) for name, value in values.items()}
    paragraphs = [Template(each) for each in re.split(r"\n\s*\n", text.strip())]
    kept = (each for each in paragraphs if all(map(written.get, each.get_identifiers())))
    return "\n\n".join(each.substitute(written) for each in kept) + "\n"


def escape_html(value: str) -> str:
    """A value as HTML shows it, also within an attribute's quotes."""
    return "<br>\n".join(html.escape(line) for line in plain_text(value).split("\n"))


def plain_text(value: str) -> str:
    """A value without anything that is not seen, but with its line breaks."""
    return "\n".join(_one_line(line) for line in value.splitlines())


def _one_line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _look_up(tag: str | None) -> Iterator[str]:
    subtags = (tag or "").lower().split("-")
    for length in range(len(subtags), 0, -1):
        yield "-".join(subtags[:length])
    yield DEFAULT_LOCALE


def list_templates(folder: Path) -> list[Path]:
    """The files in a folder that are meant to be templates: not what is hidden there."""
    return sorted(file for file in folder.iterdir() if not file.name.startswith("."))


def check_templates(folder: Path, letters: Iterable[Letter]) -> None:
    """Raise WrongTemplate unless every file in the folder can be used as it is."""
    known = {letter.name: letter for letter in letters}
    if not folder.is_dir():
        raise WrongTemplate(f"{folder} is no folder; name the one that holds your templates.")
    for file in list_templates(folder):
        if file.name == LAYOUT:
            _check_variables(file, _read(file), {"content"}, LAYOUT_VARIABLES)
        else:
            _check_file(file, known)


def _check_file(file: Path, known: Mapping[str, Letter]) -> None:
    match = _FILE.fullmatch(file.name)
    if match is None or match["name"] not in known:
        raise WrongTemplate(
            f"{file.name} is no template of ours; call it {LAYOUT}, or <name>.<locale>.txt and "
            f"<name>.<locale>.html in lower case, with one of the names {', '.join(known)}."
        )
    for ending in _ENDINGS:
        other = f"{match['name']}.{match['locale']}.{ending}"
        if not (file.parent / other).is_file():
            raise WrongTemplate(f"{file.name} has no {other} beside it; both make one mail.")
    letter, text = known[match["name"]], _read(file)
    if match["ending"] == "txt":
        head, _, text = text.partition("\n")
        if not head.startswith(SUBJECT) or text.partition("\n")[0].strip():
            raise WrongTemplate(
                f"{file.name} does not begin with a line “{SUBJECT}…” and an empty line."
            )
        _check_variables(file, head, frozenset(), letter.needs | letter.may)
    _check_variables(file, text, letter.needs, letter.needs | letter.may)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise WrongTemplate(f"{file.name} is no file with text in UTF-8.") from error


def _check_variables(file: Path, text: str, needed: Iterable[str], allowed: frozenset[str]) -> None:
    template = Template(text)
    if not template.is_valid():
        raise WrongTemplate(f"{file.name} has a $ without a variable; write $$ for a dollar sign.")
    named = set(template.get_identifiers())
    if unknown := sorted(named - allowed):
        raise WrongTemplate(
            f"{file.name} names ${unknown[0]}, which nobody fills in; it may name "
            f"{', '.join(f'${each}' for each in sorted(allowed))}."
        )
    if missing := sorted(set(needed) - named):
        raise WrongTemplate(f"{file.name} does not name ${missing[0]}, which the mail is about.")
