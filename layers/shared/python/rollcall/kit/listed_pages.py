"""Pages of listed entities. They are separate from the entities, so that functions without lists do
not load pagination.
"""

from __future__ import annotations

from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.listed_entity import ListedEntity
from rollcall.kit.paging import Listing, ListRequest, Pagination, read_page


def read_listed_page(
    call: Call, listed: type[ListedEntity], request: ListRequest
) -> tuple[list[Item], Pagination]:
    """A page of all entities of a kind by name, with the exact total."""
    counter = call.table.get_item(listed.total().key)
    total = int(counter["count"]) if counter else 0
    return read_page(call, Listing("gsi1", listed.listed_in), request, total)
