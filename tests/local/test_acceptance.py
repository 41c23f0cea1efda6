"""The acceptance flow on one machine (P3)."""

from __future__ import annotations

import pytest

from rollcall_infra.local.sign_in import get_service_token, sign_in
from rollcall_infra.local.state import Service
from tests.api.acceptance import Acceptance, Api
from tests.local.running import LocalRollcall

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""


@pytest.fixture
def api(local: LocalRollcall) -> Api:
    """The API of ``rollcall local``."""
    described, admin = local.described, local.described["admin"]
    cognito = local.aws("cognito-idp")
    service = Service.model_validate(described["service"])

    def token(email: str, password: str) -> str:
        return sign_in(cognito, described["clientId"], email, password)

    return Api(
        described["api"],
        token,
        lambda: get_service_token(service),
        admin["email"],
        admin["password"],
    )


class TestLocal(Acceptance):
    """The flow through the local gateway."""
