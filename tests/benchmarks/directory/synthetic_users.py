"""Synthetic users with realistic names, the same in each run."""

# ruff: noqa: RUF001 (names are written in the letters of their language)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from rollcall.directory.rows import FactCell, StoredRow
from rollcall.directory.search_text import base_form, join_searched
from rollcall.kit.ids import ALPHABET, last_id
from rollcall.kit.text import fold
from rollcall.users.statuses import Status

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SINCE = timedelta(days=6 * 365)
"""How long ago the first user was created."""
SEED = 20260105
_DAY = 86_400


class Culture(NamedTuple):
    """A country, and the names of its people."""

    weight: int
    country: str
    continent: str
    timezone: str
    locale: str
    cities: Sequence[str]
    given: Sequence[str]
    family: Sequence[str]


def _culture(
    weight: int, place: str, cities: str, given: str, family: str, *, separator: str = " "
) -> Culture:
    country, continent, timezone, locale = place.split()
    return Culture(
        weight,
        country,
        continent,
        timezone,
        locale,
        cities.split(separator),
        given.split(),
        family.split(),
    )


CULTURES = (
    _culture(
        22,
        "US NA America/New_York en-US",
        "New York,Chicago,Austin,Seattle,Denver,Boston,Portland",
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara "
        "Richard Susan Joseph Jessica Thomas Sarah Ashley Matthew Nancy Daniel Kayla Brianna",
        "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore "
        "Jackson Martin Thompson White Harris Clark Lewis Robinson Walker Young O'Brien McCarthy",
        separator=",",
    ),
    _culture(
        14,
        "DE EU Europe/Berlin de-DE",
        "Berlin Hamburg München Köln Leipzig Dresden Stuttgart",
        "Anna Lukas Lena Jürgen Sabine Björn Käthe Felix Jonas Mia Emma Paul Lea Finn Günther "
        "Ursula Heike Stefan Andreas Petra Matthias Katrin Jörg Annika",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch "
        "Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Krüger Hartmann Groß Weiß",
    ),
    _culture(
        10,
        "FR EU Europe/Paris fr-FR",
        "Paris Lyon Marseille Toulouse Nantes Lille",
        "Élise Hélène François Jérôme Chloé Zoé Théo Camille Léa Manon Hugo Louis Inès Benoît "
        "Aurélie Céline Mathieu Sophie Amélie Rémi Noémie Gaël",
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent "
        "Lefèvre Michel Garnier Faure Rousseau Blanc Guérin Boyer Béranger Château",
    ),
    _culture(
        10,
        "ES EU Europe/Madrid es-ES",
        "Madrid Barcelona Valencia Sevilla Málaga Bilbao",
        "José María Álvaro Lucía Sofía Martín Íñigo Nuria Andrés Begoña Raúl Inés Óscar Carmen "
        "Pablo Elena Javier Rocío Sergio Ángela",
        "García González Rodríguez Fernández López Martínez Sánchez Pérez Gómez Muñoz Jiménez "
        "Ruiz Hernández Díaz Núñez Ibáñez Vázquez Castro Ortega Peña",
    ),
    _culture(
        6,
        "SE EU Europe/Stockholm sv-SE",
        "Stockholm Göteborg Malmö Uppsala Västerås",
        "Åsa Björn Märta Göran Elsa Lars Karin Nils Ingrid Olle Maja Sven Linnéa Håkan Freja Ulf",
        "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson "
        "Lindqvist Holmgren Sjöberg Åkesson Öberg Nyström",
    ),
    _culture(
        6,
        "PL EU Europe/Warsaw pl-PL",
        "Warszawa Kraków Łódź Wrocław Poznań Gdańsk",
        "Łukasz Małgorzata Paweł Agnieszka Michał Żaneta Tomasz Zofia Stanisław Józef Ewa "
        "Katarzyna Wojciech Jadwiga Bożena Sławomir",
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański "
        "Woźniak Dąbrowski Kozłowski Jankowski Mazur Krawczyk Piotrowski",
    ),
    _culture(
        5,
        "TR AS Europe/Istanbul tr-TR",
        "İstanbul Ankara İzmir Bursa Antalya",
        "Ayşe Mehmet Çağla Gökhan Şule Özlem İbrahim Zeynep Emre Elif Murat Fatma Yiğit Büşra",
        "Yılmaz Kaya Demir Şahin Çelik Yıldız Öztürk Aydın Özdemir Arslan Doğan Kılıç Çetin Koç",
    ),
    _culture(
        12,
        "IN AS Asia/Kolkata en-IN",
        "Mumbai Delhi Bengaluru Chennai Hyderabad Pune Kolkata",
        "Aarav Priya Vikram Ananya Rohan Divya Arjun Kavya Sanjay Meera Rahul Lakshmi Aditya Nisha "
        "Karthik Pooja Suresh Deepa Manoj Sunita",
        "Sharma Patel Singh Kumar Reddy Iyer Nair Gupta Das Mukherjee Chatterjee Banerjee Joshi "
        "Desai Mehta Rao Pillai Verma Agarwal Krishnan",
    ),
    _culture(
        5,
        "JP AS Asia/Tokyo ja-JP",
        "東京 大阪 京都 横浜 札幌",
        "陽菜 蓮 さくら 翔太 美咲 健太 結衣 大輔 愛 拓也 花子 直樹",
        "佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 小林 加藤 吉田 山田",
    ),
    _culture(
        5,
        "GR EU Europe/Athens el-GR",
        "Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο",
        "Γιώργος Μαρία Δημήτρης Ελένη Νίκος Κατερίνα Γιάννης Σοφία Κώστας Άννα",
        "Παπαδόπουλος Νικολάου Γεωργίου Δημητρίου Παππάς Βλάχος Αγγελόπουλος Οικονόμου",
    ),
    _culture(
        5,
        "BR SA America/Sao_Paulo pt-BR",
        "São Paulo,Rio de Janeiro,Brasília,Salvador,Curitiba",
        "João Conceição Antônio Luíza Gonçalo Inês Tiago Beatriz Mateus Letícia Vinícius Júlia",
        "Silva Santos Oliveira Souza Lima Araújo Gonçalves Magalhães Simões Assunção Brandão Leão",
        separator=",",
    ),
)
STATUSES: Mapping[Status, int] = {
    Status.ACTIVE: 78,
    Status.INACTIVE: 8,
    Status.SUSPENDED: 3,
    Status.INVITED: 4,
    Status.PENDING_VERIFICATION: 3,
    Status.DELETED: 4,
}
GROUPS = tuple(f"grp_01{number:024d}" for number in range(200))
_ORGANIZATIONS = tuple(f"org_01{number:024d}" for number in range(120))
_ROLES = tuple(f"rol_01{number:024d}" for number in range(15))
_DESIGNATIONS = ("Engineer", "Teacher", "Nurse", "Manager", "Analyst", "Designer", "Accountant")
_SKILLS = ("SQL", "Python", "Excel", "Writing", "Statistics", "Biology", "First aid", "Sales")
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")


class _Weighted[T](NamedTuple):
    values: Sequence[T]
    weights: Sequence[float]
    """Each the sum of all up to it."""

    @classmethod
    def by_rank(cls, values: Sequence[T]) -> _Weighted[T]:
        """Choose a value. A few are frequent, most are rare."""
        return cls(values, list(accumulate(1 / (rank + 5) for rank in range(len(values)))))

    def choose(self, random: Random, number: int) -> list[T]:
        return list(dict.fromkeys(random.choices(self.values, cum_weights=self.weights, k=number)))

    def one(self, random: Random) -> T:
        return random.choices(self.values, cum_weights=self.weights)[0]


_CULTURES = _Weighted(CULTURES, list(accumulate(each.weight for each in CULTURES)))
_STATUSES = _Weighted(list(STATUSES), list(accumulate(STATUSES.values())))
_SOME_GROUPS, _SOME_ORGANIZATIONS = _Weighted.by_rank(GROUPS), _Weighted.by_rank(_ORGANIZATIONS)


def make_users(number: int) -> Iterator[StoredRow]:
    """This many users, oldest first, created at a growing rate."""
    random = Random(SEED)  # noqa: S311 (the same users in each run)
    for place in range(number):
        created = NOW - SINCE * (1 - ((place + random.random()) / number) ** 0.5)
        yield _make_user(random, place, created.replace(microsecond=0))


def _make_user(random: Random, place: int, created: datetime) -> StoredRow:
    culture = _CULTURES.one(random)
    name = f"{random.choice(culture.given)} {random.choice(culture.family)}"
    status = _STATUSES.one(random)
    verified = status is not Status.PENDING_VERIFICATION
    columns: dict[str, Any] = {
        "id": last_id("usr", created)[:-16] + "".join(random.choices(ALPHABET, k=16)),
        "version": random.randint(1, 9),
        "status": status,
        "is_admin": place % 50_000 == 0,
        "created_at": created,
        **_contacts(random, name, place, verified),
        **_sign_ins(random, created),
        **_memberships(random),
        **_profile(random, culture),
    }
    searched = (name, columns["email"], columns["username"], columns["phone"])
    columns["search_text"] = join_searched(searched)
    columns["facts"] = list(_facts(random)) if random.random() < 1 / 3 else []
    return StoredRow.model_validate(columns)


def _contacts(random: Random, name: str, place: int, verified: bool) -> dict[str, Any]:
    plain = "".join(each for each in base_form(name) if each.isascii() and each.isalpha())
    username = f"{plain or 'user'}{place}"
    has_email = random.random() < 0.95
    return {
        "name": name,
        "username": username,
        "email": f"{username}@{random.choice(_DOMAINS)}" if has_email else None,
        "phone": None if has_email and random.random() < 0.6 else f"+49151{place:08d}",
        "email_verified": has_email and verified,
        "phone_verified": not has_email and verified,
        "auth_methods": ["email"] if has_email else ["phone"],
        "has_password": random.random() < 0.8,
    }


def _sign_ins(random: Random, created: datetime) -> dict[str, Any]:
    if random.random() < 0.2:
        return {"updated_at": created}
    last = NOW - (NOW - created) * random.random() ** 2
    last = last.replace(microsecond=last.microsecond // 1000 * 1000)
    return {
        "updated_at": last,
        "last_login_at": last,
        "login_count": int(random.expovariate(1 / 40)) + 1,
        "failed_login_attempts": random.choices((0, 1, 5), (95, 4, 1))[0],
        "locked_until": NOW + timedelta(minutes=10) if random.random() < 0.001 else None,
        "oauth_providers": ["google"] if random.random() < 0.1 else [],
    }


def _memberships(random: Random) -> dict[str, Any]:
    groups = _SOME_GROUPS.choose(random, random.choices((0, 1, 2, 3), (25, 40, 25, 10))[0])
    workspaces = random.choices((0, 1, 2, 3, 8), (40, 30, 15, 10, 5))[0]
    return {
        "user_types": random.choices(
            (["learner"], ["learner", "instructor"], ["instructor"], []), (60, 8, 4, 28)
        )[0],
        "roles": [random.choice(_ROLES)] if random.random() < 0.1 else [],
        "groups": groups,
        "group_count": len(groups),
        "organizations": _SOME_ORGANIZATIONS.choose(random, random.choices((0, 1), (6, 4))[0]),
        "workspace_count": workspaces,
        "resources": {"workspace": workspaces} if workspaces else {},
    }


def _profile(random: Random, culture: Culture) -> dict[str, Any]:
    complete = random.random() < 0.3
    return {
        "profile_complete": complete,
        "country": culture.country if random.random() < 0.9 else None,
        "city": random.choice(culture.cities) if random.random() < 0.7 else None,
        "continent": culture.continent,
        "timezone": culture.timezone,
        "locale": culture.locale,
        "designation": random.choice(_DESIGNATIONS) if random.random() < 0.5 else None,
        "expertise": random.sample(_SKILLS, random.choices((0, 1, 3), (7, 2, 1))[0]),
        "gender": random.choice(("female", "male", "other")) if complete else None,
        "bio": f"Works in {random.choice(culture.cities)}." if complete else None,
        "birth_date": date(1950, 1, 1) + timedelta(days=random.randrange(20_000))
        if complete
        else None,
    }


def _facts(random: Random) -> Iterator[FactCell]:
    active = NOW - timedelta(seconds=random.randrange(300 * _DAY))
    text = fold(active.isoformat().replace("+00:00", "Z"))
    yield _fact("progress", number=float(random.randrange(101)))
    yield _fact("enrollmentCount", number=float(random.randrange(1, 6)))
    yield _fact("lastActivityAt", text=text, moment=active)
    yield _fact("programIds", text=f"prg_{random.randrange(60):03d}")


def _fact(name: str, **value: Any) -> FactCell:
    return FactCell(source="learning", name=name, pushed_at=NOW, **value)
