"""Authorization of the system API (I3)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.system.remove_resource import remove_resource
from rollcall.grants.scopes import SYSTEM_SCOPES, Scope
from rollcall.kit.errors import Forbidden
from rollcall.kit.http import GatewayEvent
from rollcall.system_operations import authorize_client
from tests.world.gateway import make_event
from tests.world.world import World, service_claims


def event(**claims: str) -> GatewayEvent:
    return GatewayEvent.model_validate(make_event(remove_resource, claims=claims))


def test_service_has_only_the_permissions_of_its_system_scopes_for_what_they_name(
    world: World,
) -> None:
    mine = Scope.RESOURCES.limited_to("invoice")
    scope = f"{Scope.RESOURCES} {mine} rollcall/unknown admin:access {Scope.ADMIN}"
    request = event(client_id="billing", scope=scope)

    actor = authorize_client(request, world.runtime, world.clock.now)

    assert (actor.kind, actor.id) == ("client", "billing")
    assert not actor.permissions
    assert actor.scoped == {Scope.RESOURCES: frozenset({"invoice"})}
    assert (actor.ip_address, actor.user_agent) == ("192.0.2.7", "pytest")
    assert actor.witnesses == {}
    assert not actor.holds("user.view")


def test_service_without_scopes_has_no_permissions(world: World) -> None:
    actor = authorize_client(event(client_id="billing"), world.runtime, world.clock.now)
    assert actor.permissions == frozenset()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"scope": "rollcall/resources"},
        {"client_id": "console", "username": "usr_1", "scope": "rollcall/resources"},
        {"username": "usr_1"},
    ],
)
def test_users_are_refused_whatever_their_scopes_are(world: World, claims: dict[str, str]) -> None:
    with pytest.raises(Forbidden) as refused:
        authorize_client(event(**claims), world.runtime, world.clock.now)
    assert refused.value.code == "client_needed"


def test_gateway_accepts_only_tokens_with_the_scope() -> None:
    assert remove_resource.oauth_scopes == (Scope.RESOURCES.value,)
    assert set(remove_resource.oauth_scopes) <= set(SYSTEM_SCOPES)
    assert remove_resource.principals == ()


def test_each_service_has_its_own_idempotency_keys(world: World) -> None:
    owner = world.add_user()
    resources = [world.add_resource(owner.id, "persona").id for _ in range(2)]

    def remove(client_id: str, resource_id: str) -> Any:
        request = make_event(
            remove_resource,
            claims=service_claims(Scope.RESOURCES, "persona", client_id=client_id),
            path={"resource_id": resource_id},
            headers={"Idempotency-Key": "key-1"},
        )
        return remove_resource.handle(request, world.runtime)["statusCode"]

    assert remove("billing", resources[0]) == 200
    assert remove("notebook", resources[1]) == 200, "keys of different services are independent"
    assert remove("billing", resources[1]) == 422
