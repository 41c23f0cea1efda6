"""Stream reaction: the reactions receive the new entries of the journal (I20)."""

from __future__ import annotations

from rollcall.dispatching import entry_dispatch
from rollcall.kit.delivery import Delivery
from rollcall.kit.dispatch import Dispatcher


@entry_dispatch
def dispatch_entries(delivery: Delivery, dispatcher: Dispatcher) -> None:
    """Deliver new entries of the journal to the functions that react to them.

    It is the only reader of new entries in the table's stream. Each function has its own role,
    queue and retries, so none waits for another one. It reads the entries from the table.
    """
    dispatcher.deliver(delivery)
