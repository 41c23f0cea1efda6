"""What goes over the wire to AWS: tests watch it and let it fail, through botocore's own hooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple


class Sent(NamedTuple):
    """One call that went to AWS."""

    operation: str
    parameters: dict[str, Any]


@contextmanager
def watched(client: Any) -> Iterator[list[Sent]]:
    """Every call that a client makes meanwhile."""
    sent: list[Sent] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        sent.append(Sent(model.name, dict(params)))

    event = f"provide-client-params.{_service(client)}"
    client.meta.events.register(event, note)
    try:
        yield sent
    finally:
        client.meta.events.unregister(event, note)


@contextmanager
def failing(
    client: Any, operation: str = "", code: str = "InternalErrorException", *, after: int = 0
) -> Iterator[None]:
    """Every call of a client, or every one of this operation, meets this AWS error; the first
    ``after`` of them still go through.
    """
    passed = 0

    def refuse(**_: Any) -> tuple[Any, dict[str, Any]] | None:
        nonlocal passed
        passed += 1
        if passed <= after:
            return None
        error = {"Error": {"Code": code, "Message": "made to fail"}, "ResponseMetadata": {}}
        return SimpleNamespace(status_code=500), error

    event = f"before-call.{_service(client)}" + (f".{operation}" if operation else "")
    client.meta.events.register(event, refuse)
    try:
        yield
    finally:
        client.meta.events.unregister(event, refuse)


def _service(client: Any) -> str:
    return str(client.meta.service_model.service_id.hyphenize())
