"""The fictitious people of ``rollcall demo``, and what happens to them in a year."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from random import Random
from typing import Any, NamedTuple

from faker import Faker

type Json = dict[str, Any]

NUMBER = 200
"""How many people there are."""
YEAR = timedelta(days=365)
SEED = 20
"""The same people at each run, so that a repeated run finds them."""
GROUPS = ("Editors", "Reviewers", "Support", "Finance", "Field research", "Guests")
ORGANIZATIONS = ("Head office", "Laboratory", "University partners", "Customers")
_EXPERTISE = (
    "Accounting", "Biology", "C, C++", "Data analysis", "Law", "Python", "Sales, EMEA", "Statistics"
)  # fmt: skip
_WORKSPACES = ("Field notes", "Interviews", "Quarterly report", "Reading list", "Survey")
_NOTES = (
    "Asked for a second workspace by phone.",
    "Moved to another team. Review the groups at the end of the quarter.",
    "Prefers to be called in the afternoon.",
    "Reported a lost phone. The password was reset.",
)


class Fate(StrEnum):
    """What has become of a person."""

    INVITED = auto()
    ACTIVE = auto()
    LAPSED = auto()
    NEVER_SIGNED_IN = auto()
    DISABLED = auto()
    SUSPENDED = auto()
    DELETED = auto()


ENDED = {Fate.DISABLED, Fate.SUSPENDED, Fate.DELETED}
_SHARES = {
    Fate.ACTIVE: 120,
    Fate.LAPSED: 32,
    Fate.NEVER_SIGNED_IN: 14,
    Fate.INVITED: 12,
    Fate.DISABLED: 12,
    Fate.SUSPENDED: 4,
    Fate.DELETED: 6,
}
"""How many people of each fate there are, for NUMBER in all."""


class Country(NamedTuple):
    """A country that people live in: Faker's locale, ISO 3166-1 code, IANA time zone."""

    locale: str
    code: str
    timezone: str


_COUNTRIES = (
    Country("en_US", "US", "America/New_York"),
    Country("en_GB", "GB", "Europe/London"),
    Country("de_DE", "DE", "Europe/Berlin"),
    Country("fr_FR", "FR", "Europe/Paris"),
    Country("es_ES", "ES", "Europe/Madrid"),
    Country("pt_BR", "BR", "America/Sao_Paulo"),
    Country("pl_PL", "PL", "Europe/Warsaw"),
    Country("cs_CZ", "CZ", "Europe/Prague"),
    Country("da_DK", "DK", "Europe/Copenhagen"),
    Country("el_GR", "GR", "Europe/Athens"),
    Country("hi_IN", "IN", "Asia/Kolkata"),
    Country("ja_JP", "JP", "Asia/Tokyo"),
)


@dataclass(frozen=True)
class Person:
    """A person, as the API's requests describe one, with times of what happened."""

    email: str
    name: str
    fate: Fate
    since: datetime
    """When the user was created or invited."""
    sign_ins: tuple[datetime, ...]
    ended: datetime | None
    """When the user was disabled, suspended or deleted."""
    group: str
    organization: str
    profile: Json = field(repr=False)
    user_types: tuple[str, ...] = ()
    note: str | None = None
    workspaces: tuple[str, ...] = ()


def make_people(now: datetime) -> Iterator[Person]:
    """NUMBER people in the year before ``now``. They are the same at each call, except that their
    times follow ``now``.
    """
    draw = _Draw(now)
    fates = [fate for fate, share in _SHARES.items() for _ in range(share)]
    draw.random.shuffle(fates)
    for number, fate in enumerate(fates, 1):
        yield draw.make_person(number, fate)


class _Draw:
    """Draws people by a random generator with a fixed seed."""

    def __init__(self, now: datetime) -> None:
        self.random = Random(SEED)  # noqa: S311 (nothing secret depends on it)
        self._now = now
        self._fakers = {each: Faker(each.locale) for each in _COUNTRIES}
        for faker in self._fakers.values():
            faker.seed_instance(SEED)

    def make_person(self, number: int, fate: Fate) -> Person:
        random, country = self.random, self.random.choice(_COUNTRIES)
        faker = self._fakers[country]
        name = f"{faker.first_name()} {faker.last_name()}"
        since = self._choose_start(fate)
        last = self._choose_last(fate, since)
        return Person(
            email=_choose_email(name, number),
            name=name,
            fate=fate,
            since=since,
            sign_ins=self._choose_sign_ins(fate, since, last),
            ended=last if fate in ENDED else None,
            group=random.choice(GROUPS),
            organization=random.choice(ORGANIZATIONS),
            profile={
                "country": country.code,
                "timezone": country.timezone,
                "locale": country.locale.replace("_", "-"),
                "city": faker.city(),
                "designation": faker.job(),
                "expertise": sorted(random.sample(_EXPERTISE, random.randint(0, 2))),
                "birthDate": faker.date_of_birth(minimum_age=18, maximum_age=70).isoformat(),
            },
            user_types=("instructor",) if random.random() < 0.1 else ("learner",),
            note=random.choice(_NOTES) if random.random() < 0.2 else None,
            workspaces=tuple(random.sample(_WORKSPACES, random.choice((0, 0, 0, 1, 1, 2)))),
        )

    def _choose_start(self, fate: Fate) -> datetime:
        """Few start early in the year and more late, because the application grows."""
        if fate == Fate.INVITED:
            return self._now - timedelta(days=self.random.uniform(0.1, 5))
        ago = YEAR * self.random.triangular(0, 1, 0)
        shortest = timedelta(days=120 if fate == Fate.LAPSED else 3)
        return self._now - max(ago, shortest)

    def _choose_last(self, fate: Fate, since: datetime) -> datetime:
        """The time of the last sign-in, or of what ended the person's access."""
        if fate == Fate.ACTIVE:
            ago = timedelta(days=self.random.expovariate(0.2))
            return self._now - min(ago, (self._now - since) / 2)
        longest = self._now - timedelta(days=95 if fate == Fate.LAPSED else 1)
        return since + (longest - since) * self.random.uniform(0.1, 1)

    def _choose_sign_ins(self, fate: Fate, since: datetime, last: datetime) -> tuple[datetime, ...]:
        if fate in {Fate.INVITED, Fate.NEVER_SIGNED_IN}:
            return ()
        until = last - timedelta(hours=1) if fate in ENDED else last
        draws = [self.random.random() for _ in range(self.random.randint(1, 14))]
        return tuple(sorted([*(since + (until - since) * each for each in draws), until]))


def _choose_email(name: str, number: int) -> str:
    """An address from the ASCII letters of the name, at a reserved domain (RFC 2606)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = ["".join(filter(str.isalnum, word)) for word in plain.split()]
    known = [each for each in words if each] or ["user"]
    return ".".join([*known, f"{number:03}"]) + "@example.com"
