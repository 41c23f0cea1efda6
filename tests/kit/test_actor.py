"""The actor and its permissions."""

from __future__ import annotations

from rollcall.kit.actor import EVERYTHING, Actor, system_actor


def test_actor_holds_the_named_permissions() -> None:
    actor = Actor(kind="user", id="usr_1", permissions=frozenset({"user.view"}))
    assert actor.holds("user.view")
    assert not actor.holds("user.delete")
    assert not actor.holds(EVERYTHING)


def test_admin_access_includes_every_permission() -> None:
    actor = Actor(kind="user", id="usr_1", permissions=frozenset({EVERYTHING}))
    assert actor.holds("user.delete")
    assert actor.holds("whatever.comes.later")


def test_system_actor_has_no_witnesses() -> None:
    actor = system_actor("purge_deleted_users")
    assert (actor.kind, actor.id, actor.witnesses) == ("system", "purge_deleted_users", {})
    assert actor.holds("user.delete")


def test_permission_for_some_resources_holds_only_for_them() -> None:
    scoped = {"workspace.delete": frozenset({"grp_1", "grp_2"})}
    actor = Actor(kind="user", id="usr_1", scoped=scoped)

    assert actor.holds("workspace.delete", about="grp_1")
    assert not actor.holds("workspace.delete", about="grp_3")
    assert not actor.holds("workspace.view", about="grp_1")
    assert not actor.holds("workspace.delete")
    assert not actor.holds("workspace.delete", about=None)
    assert not actor.holds("workspace.delete", about="")


def test_unscoped_permission_holds_for_each_resource() -> None:
    for held in ("workspace.delete", EVERYTHING):
        actor = Actor(kind="user", id="usr_1", permissions=frozenset({held}))
        assert actor.holds("workspace.delete", about="grp_1")


def test_scoped_admin_access_includes_no_other_permission() -> None:
    actor = Actor(kind="user", id="usr_1", scoped={EVERYTHING: frozenset({"grp_1"})})
    assert not actor.holds("workspace.delete", about="grp_1")
