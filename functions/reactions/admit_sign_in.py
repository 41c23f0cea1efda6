"""Cognito trigger: the table says who may sign in, and remembers when somebody did (I3)."""

from __future__ import annotations

from rollcall.background import cognito_reaction
from rollcall.kit.call import Call
from rollcall.kit.errors import Contended, Forbidden, Unavailable
from rollcall.kit.log import log_failure
from rollcall.kit.reaction import SignIn
from rollcall.kit.retry import retry_contended
from rollcall.statuses import STATUS_RULES
from rollcall.users import LastSignIn, User

REFRESH = "TokenGeneration_RefreshTokens"
"""Cognito's word for tokens that are renewed without anybody signing in."""


@cognito_reaction("pre_token_generation", reads=[User], writes=[LastSignIn])
def admit_sign_in(sign_in: SignIn, call: Call) -> None:
    """Refuse tokens to whoever may not sign in, and record the last sign-in.

    A disabling thereby counts at once, even while Cognito has yet to hear of it. When the
    database says that it cannot answer, people are let in, because every operation asks the table
    again anyway; when it says nothing, Cognito gives up after five seconds.
    """
    try:
        retry_contended(lambda: _admit(sign_in, call))
    except Unavailable as error:
        log_failure(call.action, error, request_id=call.request_id)


def _admit(sign_in: SignIn, call: Call) -> None:
    user = call.table.find(User, sign_in.user_name)
    if user is None:
        return
    if not STATUS_RULES[user.status].sign_in:
        raise Forbidden("account_not_active", f"This account is {user.status.value}.")
    if sign_in.trigger_source == REFRESH:
        return
    sign_in_row = LastSignIn(user_id=user.id, last_login_at=call.now)
    if not call.table.put_beside(sign_in_row, user):
        raise Contended
