"""Mail templates: which are valid, which are found, and how they are rendered."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.mail_templates import (
    MailTemplate,
    Templates,
    WrongTemplate,
    check_templates,
    escape_html,
    fill,
    plain_text,
)

NOTE = MailTemplate("note", frozenset({"link"}), frozenset({"product", "name", "reason"}))
FILES = {
    "note.en.txt": "Subject: $product for $name\n\nHello $name,\n\nBecause: $reason\n\n$link\n",
    "note.en.html": '<p>Hello $name,</p>\n\n<p>Because: $reason</p>\n\n<a href="$link">Go</a>\n',
    "layout.html": '<html lang="$locale"><title>$subject</title>$content</html>',
}
VALUES = {"product": "Rollcall", "name": "Jane", "reason": "", "link": "https://x.example/?a&b"}


def write(folder: Path, **changed: str) -> Path:
    """Write the templates, some of them changed, as ``note_en_txt``."""
    folder.mkdir(exist_ok=True)
    files = FILES | {name.replace("_", "."): text for name, text in changed.items()}
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_mail_is_rendered_in_its_layout_without_empty_paragraphs(
    tmp_path: Path,
) -> None:
    written = Templates(write(tmp_path)).render(NOTE, None, VALUES)

    assert written.subject == "Rollcall for Jane"
    assert written.text == "Hello Jane,\n\nhttps://x.example/?a&b\n"
    assert written.html == (
        '<html lang="en"><title>Rollcall for Jane</title><p>Hello Jane,</p>\n\n'
        '<a href="https://x.example/?a&amp;b">Go</a>\n</html>'
    )


@pytest.mark.parametrize(
    ("tag", "found"),
    [("de", "de"), ("de-AT", "de"), ("DE-at", "de"), ("pt-BR", "pt-br"), ("pt-PT", "en")]
    + [("fr", "en"), ("", "en"), (None, "en"), ("zh-Hant-TW", "zh-hant")],
)
def test_language_is_the_users_or_the_closest_available_one(
    tmp_path: Path, tag: str | None, found: str
) -> None:
    write(tmp_path)
    for locale in ("de", "pt-br", "zh-hant"):
        for ending in ("txt", "html"):
            (tmp_path / f"note.{locale}.{ending}").write_text(FILES[f"note.en.{ending}"])

    written = Templates(tmp_path).render(NOTE, tag, VALUES)

    assert f'lang="{found}"' in written.html


def test_file_of_an_earlier_folder_replaces_that_of_a_later_one(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "layout.html").write_text("Theirs: $content")

    written = Templates(theirs, write(tmp_path / "ours")).render(NOTE, "en", VALUES)

    assert written.html.startswith("Theirs: <p>Hello Jane")
    assert written.text.startswith("Hello Jane")


NASTY = st.text(st.characters() | st.sampled_from("<>&\"'$\r\n\u2028\u202e{}"), max_size=40)


@given(name=NASTY, reason=NASTY)
def test_no_value_changes_the_structure_of_the_mail(
    tmp_path_factory: pytest.TempPathFactory, name: str, reason: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "nasty"
    if not folder.exists():
        write(folder)

    written = Templates(folder).render(NOTE, "en", {**VALUES, "name": name, "reason": reason})

    assert written.subject.isprintable()
    assert all(line.isprintable() for line in written.text.split("\n"))
    # Values add no tags, no quotes, and no references except escaped ones.
    assert re.fullmatch(
        r'<html lang="en"><title>[^<>"]*</title>(<p>Hello [^"]*?,</p>\n\n)?'
        r'(<p>Because: ([^<>"]|<br>\n)*</p>\n\n)?<a href="https://x\.example/\?a&amp;b">Go</a>\n'
        r"</html>",
        written.html,
    )
    assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", written.html)
    assert plain_text(reason) in html.unescape(written.html.replace("<br>\n", "\n"))


def test_value_keeps_its_line_breaks_without_invisible_characters() -> None:
    assert plain_text("Two\r\nlines\u202e \x00here ") == "Two\nlines here"
    assert escape_html('<a href="x">\n&') == "&lt;a href=&quot;x&quot;&gt;<br>\n&amp;"
    assert fill("$$5 for $name\n \n$gone", {"name": "$name", "gone": ""}, str) == "$5 for $name\n"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"note_en_txt": "Hello"}, "must begin with a line “Subject: …” and an empty line"),
        ({"note_en_txt": "Subject: A\nB $link"}, "must begin with a line"),
        ({"note_en_txt": "Subject: $link\n\nHello"}, "note.en.txt must use the variable $link."),
        ({"note_en_html": "<p>Hello</p>"}, "note.en.html must use the variable $link."),
        ({"note_en_html": "<p>$lnik</p>"}, "unknown variable $lnik. It can use $link"),
        ({"note_en_txt": "Subject: $nmae\n\n$link"}, "note.en.txt uses the unknown variable $nmae"),
        ({"note_en_html": "$link costs $5"}, "has a $ without a variable. Write $$ for a dollar"),
        ({"layout_html": "<html></html>"}, "layout.html must use the variable $content"),
        ({"layout_html": "$content $name"}, "layout.html uses the unknown variable $name"),
        ({"note_de_txt": FILES["note.en.txt"]}, "note.de.txt needs a file note.de.html"),
        ({"nota_en_txt": ""}, "nota.en.txt is not the name of a template. Use layout.html, or"),
        ({"note_DE_txt": ""}, "in lower case, with one of the names note."),
        ({"README": ""}, "README is not the name of a template"),
    ],
)
def test_wrong_template_is_refused_with_the_reason(
    tmp_path: Path, changed: dict[str, str], words: str
) -> None:
    with pytest.raises(WrongTemplate, match=re.escape(words)):
        check_templates(write(tmp_path, **changed), [NOTE])


def test_valid_templates_pass_and_hidden_files_are_ignored(tmp_path: Path) -> None:
    (write(tmp_path) / ".hidden").touch()
    check_templates(tmp_path, [NOTE])


def test_binary_file_and_missing_folder_are_refused(tmp_path: Path) -> None:
    (write(tmp_path) / "layout.html").write_bytes(b"\xff")
    with pytest.raises(WrongTemplate, match=re.escape("layout.html is not a text file in UTF-8")):
        check_templates(tmp_path, [NOTE])
    with pytest.raises(WrongTemplate, match="is not a folder"):
        check_templates(tmp_path / "none", [NOTE])


def test_missing_template_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WrongTemplate, match=re.escape("The template note.en.txt does not exist")):
        Templates(tmp_path).render(NOTE, "en", VALUES)
