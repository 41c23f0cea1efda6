"""Stream reaction: the journal can only grow (I6)."""

from __future__ import annotations

from rollcall.background import journal_watch
from rollcall.kit.log import logger
from rollcall.kit.reaction import ChangedEntry


@journal_watch
def watch_journal(changed: ChangedEntry) -> None:
    """Log an entry of the journal that was changed or deleted. An alarm reports each invocation.

    Rollcall only adds entries. Someone has used a function's role or an operator's credentials.
    """
    logger.error(
        "watch_journal",
        outcome=changed.event,
        partition=changed.key.pk,
        entry=changed.key.sk,
        at=changed.at.isoformat(),
    )
