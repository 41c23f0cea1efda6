"""The engines of the directory's benchmark give equal answers to the same questions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollcall.directory.row_files import write_rows
from tests.benchmarks.directory.engine import Engine
from tests.benchmarks.directory.questions import QUESTIONS
from tests.benchmarks.directory.rollcall_engine import RollcallEngine
from tests.benchmarks.directory.sqlite import SQLite
from tests.benchmarks.directory.synthetic_users import make_users


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """The two engines that need no server, with the same users."""
    users = list(make_users(600))
    file = tmp_path_factory.mktemp("users") / "users.json"
    write_rows(file, users)
    found: list[Engine] = [
        each(tmp_path_factory.mktemp(each.__name__)) for each in (RollcallEngine, SQLite)
    ]
    for engine in found:
        engine.build([file])
        engine.open(users[0])
    yield found
    for engine in found:
        engine.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_equal(engines: list[Engine], question: str) -> None:
    ours, theirs = (engine.answer(QUESTIONS[question]) for engine in engines)
    assert ours == theirs


def test_questions_match_users(engines: list[Engine]) -> None:
    answers = {name: engines[0].answer(each) for name, each in QUESTIONS.items()}
    totals = {name: each["total"] for name, each in answers.items() if isinstance(each, dict)}
    empty = {name for name, total in totals.items() if not total}
    assert empty <= {"substring, nowhere", "substring, rare"}


def test_engines_report_their_size_and_memory(engines: list[Engine]) -> None:
    assert all(engine.read_size() > 10_000 for engine in engines)
    assert all(isinstance(engine.read_memory(), int) for engine in engines)
