"""Cognito trigger: the table decides who can sign in, and records sign-ins (I3)."""

from __future__ import annotations

from rollcall.background import cognito_reaction
from rollcall.kit.account import SecondFactor
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Forbidden, NewerData, Unavailable
from rollcall.kit.log import log_failure
from rollcall.kit.reaction import SignIn
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.sign_ins import BY_PASSWORD, SignIns
from rollcall.users.statuses import STATUS_RULES
from rollcall.users.user import User

REFRESH = "TokenGeneration_RefreshTokens"
"""Cognito's trigger source for tokens that are refreshed without a sign-in."""


@cognito_reaction("pre_token_generation", reads=[User, SecondFactor], writes=[SignIns])
def admit_sign_in(sign_in: SignIn, call: Call) -> None:
    """Refuse tokens to users who cannot sign in, and record each sign-in.

    So a disabled user is refused immediately, even before Cognito is synchronized. When the table
    answers with an error, or with data of a newer version of the code, users are admitted, because
    every operation checks the table anyway; when it does not answer, Cognito gives up after five
    seconds. If platform admins need a second factor, the record says whether the sign-in had one,
    and each operation checks the record.
    """
    try:
        retry_contended(lambda: _admit(sign_in, call))
    except (Unavailable, NewerData) as error:
        log_failure(call.action, error, request_id=call.request_id)


def _admit(sign_in: SignIn, call: Call) -> None:
    items = list(call.table.query_partition(User.key_of(sign_in.user_name).pk, prefix="#"))
    user = User.assemble(items)
    if user is None:
        return
    if not STATUS_RULES[user.status].sign_in:
        raise Forbidden("account_not_active", f"This account is {user.status.value}.")
    if sign_in.trigger_source == REFRESH:
        return
    before = SignIns.assemble(items)
    known = before or SignIns.none_of(user.id, call.now)
    methods = sign_in.providers or (BY_PASSWORD,)
    had_factor = user.is_admin and _has_second_factor(user.id, call)
    call.commit(
        Change(before, known.with_sign_in(call.now, methods, second_factor=had_factor)),
        answer=lambda written: written,
        requires=[ConditionCheck.unchanged(user)],
    )


def _has_second_factor(user_id: str, call: Call) -> bool:
    """Whether the account has a second factor, which Cognito then requires at each sign-in. The
    event does not say it, nor does every access token. Looked up only if the deployment needs it.
    """
    if call.settings.mfa != "required-for-admins":
        return False
    try:
        account = call.identity.find(user_id)
    except Unavailable as error:  # signed in, but not as an admin: the next sign-in looks again
        log_failure(call.action, error, request_id=call.request_id)
        return False
    return account is not None and account.second_factor
