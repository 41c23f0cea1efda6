"""botocore clients (performance.md)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from rollcall.kit.clients import (
    ATTEMPTS,
    CONNECT_SECONDS,
    FILE_CONNECT_SECONDS,
    FILE_READ_SECONDS,
    READ_SECONDS,
    make_client,
)
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog


def test_client_is_created_once_in_the_region_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")

    client = make_client("sesv2")

    assert client.meta.region_name == "eu-central-1"
    assert make_client("sesv2") is client


@pytest.mark.parametrize("operation", read_catalog().operations, ids=lambda each: each.name)
def test_timeouts_leave_an_operation_time_to_answer(
    operation: Operation[Any, Any],
) -> None:
    waiting = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS)
    if operation.stored_objects:
        waiting = ATTEMPTS * (FILE_CONNECT_SECONDS + FILE_READ_SECONDS)
    assert waiting < operation.timeout, "Give it a timeout of 29 seconds."


def test_links_use_the_regional_address_of_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = make_client.__wrapped__(StoredObject.service)
    link = client.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"})
    assert link.startswith("https://bucket.s3.eu-central-1.amazonaws.com/key?X-Amz-Algorithm=AWS4")


def test_transaction_carries_a_token_and_the_trace_of_its_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "create_user")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    client = make_client("dynamodb")
    sent: list[Any] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(str(request.url), 200, HTTPHeaders(), _Body(b"{}"))

    client.meta.events.register("before-send", answer)
    try:
        client.transact_write_items(TransactItems=[])
        client.transact_write_items(TransactItems=[])
    finally:
        client.meta.events.unregister("before-send", answer)

    tokens = {json.loads(request.body)["ClientRequestToken"] for request in sent}
    assert len(tokens) == 2
    assert sent[0].headers["X-Amzn-Trace-Id"] == b"Root=1-5759e988-bd862e3fe1be46a994272793"
    assert sent[0].headers["amz-sdk-request"] == b"attempt=1"


class _Body(io.BytesIO):
    """The stream of a response body."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Return the whole body at once."""
        yield self.read()
