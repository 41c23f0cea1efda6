"""The CDK app, deployed with the real CDK to an emulated AWS, once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.acceptance import Api
from tests.deployed.deploying import Deployed, deploy


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The result of ``cdk deploy``, with the functions' roles enforced."""
    with deploy(tmp_path_factory.mktemp("deployed")) as made:
        yield made


@pytest.fixture(scope="session")
def api(deployed: Deployed) -> Api:
    """The deployed API."""
    return deployed.api()
