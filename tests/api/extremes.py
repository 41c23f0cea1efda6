"""Extreme values for the fields of requests, by type: what has cost other systems minutes or an
internal error. Each text is as long as its field accepts, or a little longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rollcall.directory.scim_filter import DEPTH_AT_MOST, LENGTH_AT_MOST

UNLIMITED = 3_000
"""The length of texts for fields that declare no length."""
PIECES = (
    "a",
    "A, ",
    "\u0f71\u0f72",  # normalization sorts long runs of combining marks
    "e\u0301\u0323\u0327",
    "\u1112\u1161\u11ab",  # jamo, which compose to one Hangul syllable
    "\u1100",
    "\u0301",
    "\u0628\u200c",
    "\u0915\u094d\u200d",
    "\U0001f469\u200d\U0001f469\ufe0f",
    "\u200d",
    "\u202e\u2066",
    "\u3164\u115f",
    "\u2800\u034f",
    "\U000e0061",
    "\U0001d49c",
    "\U0010ffff",
    "\ufdfa",  # 18 letters in compatibility form
    "\u0390\ufb03",  # three letters each when folded
    "\u00df\u0130\u03c2",
    "\uff41\uff11\u3000",
    "\u0661\u06f2\u0967",
    "\ud800",
    "\x00\x1b[31m",
    "\ufeff\u00ad",
    "\r\n\t",
    '"\\',
    "'{}%_?*&=+",
    "<script>{{7*7}}",
    "9",
    "-",
    "a.",
    "a@b.",
    "xn--a-",
    "+4915",
    "https://\u00fc.",
    "grp_",
)
"""What texts are made of."""
SHORT = (
    "",
    " ",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00",
    "2016-12-31T23:59:60Z",
    "2026-02-29",
    "0000-00-00",
    "\u0662\u0660\u0662\u0666-01-01",
    "2030",
    "1e400",
    "nan",
    "true",
    "null",
    "../..",
    "rol_system",
    "admin:access",
    "learner\u200d@b\u00fccher.example",
    "a@" + "a." * 120 + "example",
    "en-" + "a" * 190,
    "https://a" + "/a" * 900,
)
NUMBERS: tuple[Any, ...] = (
    0,
    -0.0,
    -1,
    1,
    0.5,
    1e-200,
    5e-324,
    1.7976931348623157e308,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**38,
    10**130,
    -(10**130),
    10**4_000,
    float("nan"),
    float("inf"),
)
"""``json.dumps`` writes the last two as NaN and Infinity."""
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], [None] * 300, {"": ""}, {"\ud800": 1})
COMPARISONS = (
    'groups ne "grp_{}"',
    'groups co "{}"',
    "groups pr",
    'groups[value co "{}" and value ne "b"]',
    'not (organizations eq "org_{}")',
    "facts.learning.progress gt {}",
    "facts.learning.progress ne {}",
    'facts.learning.programIds co "{}" and groups sw "{}"',
    'expertise ne "{}"',
    'name ne "{}"',
    'bio co "\u0f71\u0f72{}" or name sw "\ufdfa"',
    "resources.workspace ne {}",
    'createdAt lt "0001-01-01" and loginCount ge {}',
)


def extreme_texts(length: int | None) -> Iterator[str]:
    """Texts for a field of at most this many characters."""
    full = UNLIMITED if length is None else length
    for piece in PIECES:
        text = piece * (full // len(piece) + 1)
        yield text[:full]
        yield text[: full + 1]
        yield f"a{piece}b"[:full]
    yield from SHORT


def extreme_filters() -> Iterator[str]:
    """Filters of the maximal length and depth, and beyond."""
    for comparison in COMPARISONS:
        for connective in (" and ", " or "):
            yield _join(comparison, connective)
    yield "not (" * DEPTH_AT_MOST + "name pr" + ")" * DEPTH_AT_MOST
    yield "(" * LENGTH_AT_MOST
    yield "not " * (LENGTH_AT_MOST // 4)
    nested = 'groups ne "grp_0"'
    for level in range(DEPTH_AT_MOST):
        nested = f'(groups co "{level}" {("and", "or")[level % 2]} {nested})'
    yield nested
    for piece in PIECES:
        text = piece.replace("\\", "\\\\").replace('"', '\\"')
        yield f'name co "{text * ((LENGTH_AT_MOST - 10) // len(text))}"'
        yield f'facts.learning.x eq "{text}" or groups[value sw "{text}"] or {text} pr'
    for number in ("1e-200", "-0.0", "9" * 400, "1e400", "9223372036854775808", "\u0661"):
        yield f"loginCount gt {number} or facts.learning.progress le {number}"
        yield f"resources.workspace ne {number}"


def _join(comparison: str, connective: str) -> str:
    number = (LENGTH_AT_MOST + len(connective)) // (len(comparison) + len(connective) + 2)
    return connective.join(comparison.replace("{}", str(each)) for each in range(number))
