"""botocore clients (performance.md)."""

from __future__ import annotations

import pytest

from infra.catalog import read_catalog
from rollcall.kit.clients import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, make_client


def test_client_is_made_once_in_the_region_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")

    client = make_client("sesv2")

    assert client.meta.region_name == "eu-central-1"
    assert make_client("sesv2") is client


def test_operation_has_time_left_to_answer_when_aws_does_not() -> None:
    waiting = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS)
    assert waiting < min(operation.timeout for operation in read_catalog().operations)
