"""Rate limits for callers without a token. They are counted in the table, so that they apply to all
instances of a function together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import ClassVar

from rollcall.kit.entity import Key
from rollcall.kit.errors import Throttled
from rollcall.kit.table import Table

EXPIRY_MARGIN = timedelta(minutes=5)
"""How long a count is stored after its period; clocks of instances differ by less."""


@dataclass(frozen=True)
class Throttle:
    """A rate limit: at most this many calls within a period."""

    at_most: int
    within: timedelta

    partition: ClassVar[str] = "THROTTLE#"

    def admit(self, address: str, what: str, table: Table, now: datetime) -> None:
        """Count a call from an IP address; raises Throttled."""
        self.count(self.network_of(address), what, table, now)

    def count(self, who: str, what: str, table: Table, now: datetime) -> None:
        """Count a call. Raises Throttled, with the seconds until the next period, when the limit is
        exceeded.
        """
        seconds = int(self.within.total_seconds())
        number = int(now.timestamp()) // seconds
        ends = (number + 1) * seconds
        key = Key(f"{self.partition}{what}#{who}#{number}", "THROTTLE")
        if not table.count_up(key, self.at_most, ends + int(EXPIRY_MARGIN.total_seconds())):
            wait = max(1, ends - int(now.timestamp()))
            raise Throttled("throttled", f"Too many requests. Retry in {wait} seconds.", wait)

    @staticmethod
    def network_of(address: str) -> str:
        """The network that counts as one caller: an IPv4 address, or the /64 of an IPv6 subscriber
        (RFC 6177 section 2). An IPv4 address can be written as an IPv6 one (RFC 4291 section
        2.5.5.2).
        """
        try:
            found = ip_address(address)
        except ValueError:
            return "unknown"
        if not isinstance(found, IPv6Address):
            return str(found)
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found), 64), strict=False).network_address)
