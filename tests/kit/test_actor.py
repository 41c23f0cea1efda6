"""Who is acting."""

from __future__ import annotations

from rollcall.kit.actor import EVERYTHING, Actor, system_actor


def test_actor_holds_what_is_named() -> None:
    actor = Actor(kind="user", id="usr_1", permissions=frozenset({"user.view"}))
    assert actor.holds("user.view")
    assert not actor.holds("user.delete")
    assert not actor.holds(EVERYTHING)


def test_who_holds_everything_holds_each() -> None:
    actor = Actor(kind="user", id="usr_1", permissions=frozenset({EVERYTHING}))
    assert actor.holds("user.delete")
    assert actor.holds("whatever.comes.later")


def test_code_acts_in_its_own_name_and_rests_on_no_record() -> None:
    actor = system_actor("purge_deleted_users")
    assert (actor.kind, actor.id, actor.witnesses) == ("system", "purge_deleted_users", {})
    assert actor.holds("user.delete")


def test_permission_for_some_things_holds_for_those_alone() -> None:
    scoped = {"workspace.delete": frozenset({"grp_1", "grp_2"})}
    actor = Actor(kind="user", id="usr_1", scoped=scoped)

    assert actor.holds("workspace.delete", about="grp_1")
    assert not actor.holds("workspace.delete", about="grp_3")
    assert not actor.holds("workspace.view", about="grp_1")
    assert not actor.holds("workspace.delete")
    assert not actor.holds("workspace.delete", about=None)
    assert not actor.holds("workspace.delete", about="")


def test_permission_for_everything_holds_for_each_thing() -> None:
    for held in ("workspace.delete", EVERYTHING):
        actor = Actor(kind="user", id="usr_1", permissions=frozenset({held}))
        assert actor.holds("workspace.delete", about="grp_1")


def test_everything_for_some_things_is_no_permission_beyond_its_name() -> None:
    actor = Actor(kind="user", id="usr_1", scoped={EVERYTHING: frozenset({"grp_1"})})
    assert not actor.holds("workspace.delete", about="grp_1")
