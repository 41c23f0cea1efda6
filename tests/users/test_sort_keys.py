"""The rows beside a user stand where whoever reads the user looks for them."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.sort_keys import INACTIVITY_SORT_KEY, SIGN_INS_SORT_KEY
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_sign_ins_and_inactivity_are_kept_under_these_keys() -> None:
    assert SignIns.none_of("usr_1", NOW).key().sk == SIGN_INS_SORT_KEY
    assert Inactivity.none_of("usr_1", NOW).key().sk == INACTIVITY_SORT_KEY


def test_user_has_the_last_sign_in_and_nothing_of_the_warnings_from_the_rows_beside() -> None:
    user = User(id="usr_1", created_at=NOW, updated_at=NOW, version=1)
    rows = [
        SignIns.none_of("usr_1", NOW).with_sign_in(NOW, ["password"]).item(),
        Inactivity.none_of("usr_1", NOW).with_disabling(NOW).item(),
    ]

    assert User.assemble([user.item(), *rows]) == user.model_copy(update={"last_login_at": NOW})
