"""Pages of the things that are listed by their names, apart from the things themselves: whoever
knows groups and roles need not load what only lists need.
"""

from __future__ import annotations

from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.listed import Listed
from rollcall.kit.paging import Listing, ListRequest, Pagination, read_page


def read_listed(
    call: Call, listed: type[Listed], request: ListRequest
) -> tuple[list[Item], Pagination]:
    """A page of all of a kind by name, with the exact total."""
    counter = call.table.get_item(listed.total().key)
    total = int(counter["count"]) if counter else 0
    return read_page(call, Listing("gsi1", listed.listed_in), request, total)
