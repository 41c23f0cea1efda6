"""Percentiles and Markdown tables."""

from __future__ import annotations

import pytest

from tests.benchmarks.measuring import percentile, write_markdown


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5], 0.5, 5),
        ([3, 1, 2], 0.5, 2),
        ([4, 3, 2, 1], 0.5, 2),
        (range(1, 101), 0.95, 95),
        (range(1, 31), 0.95, 29),
        (range(1, 6), 0.95, 5),
        ([7, 8], 1, 8),
        ([7, 8], 0, 7),
    ],
)
def test_percentile_uses_the_nearest_rank(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_numbers_in_a_markdown_table_are_right_aligned() -> None:
    rows = [("list", "1.0", "2.0"), ("growth", "3.0", "4.0")]
    assert write_markdown(("", "p50", "p95"), rows) == (
        "|  | p50 | p95 |\n| --- | ---: | ---: |\n| list | 1.0 | 2.0 |\n| growth | 3.0 | 4.0 |\n"
    )
