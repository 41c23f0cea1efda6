"""The acceptance flow on one machine (P3)."""

from __future__ import annotations

import pytest

from infra.local.emulator import make_client
from infra.local.sign_in import sign_in
from tests.acceptance import Acceptance, Api
from tests.local.running import LocalRollcall

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""


@pytest.fixture
def api(local: LocalRollcall) -> Api:
    """The API of ``rollcall local``."""
    described = local.described
    cognito = make_client("cognito-idp", described["aws"])

    def token(email: str, password: str) -> str:
        return sign_in(cognito, described["clientId"], email, password)

    return Api(described["api"], token, described["admin"]["email"], described["admin"]["password"])


class TestLocal(Acceptance):
    """The flow through the local gateway."""
