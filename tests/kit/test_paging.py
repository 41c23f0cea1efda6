"""Pages of a list (I19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.kit.paging import PageRequest, paginate


@given(found=st.lists(st.integers()), limit=st.integers(1, 1000))
def test_all_pages_together_are_the_list(found: list[int], limit: int) -> None:
    first = paginate(found, PageRequest(limit=limit))[1]
    pages = [
        paginate(found, PageRequest(page=number, limit=limit))[0]
        for number in range(1, first.total_pages + 1)
    ]

    assert [item for page in pages for item in page] == found
    assert all(page for page in pages)
    assert first.total == len(found)


@given(found=st.lists(st.integers()), beyond=st.integers(1, 999))
def test_page_beyond_the_last_is_empty_and_still_tells_the_total(
    found: list[int], beyond: int
) -> None:
    last = paginate(found, PageRequest())[1].total_pages
    items, pagination = paginate(found, PageRequest(page=last + beyond))
    assert list(items) == []
    assert (pagination.page, pagination.total) == (last + beyond, len(found))


@pytest.mark.parametrize("wrong", [{"page": 0}, {"page": 1_000_001}, {"limit": 0}, {"limit": 1001}])
def test_limits(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PageRequest(**wrong)
