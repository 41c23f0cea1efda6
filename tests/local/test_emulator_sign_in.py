"""Whoever reaches the embedded Cognito signs in as nobody else: sessions, codes, tokens count."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from rollcall.users.passwords import LENGTH_AT_LEAST
from rollcall_infra.local.emulator import Emulator
from rollcall_infra.local.mailbox import read_mails
from rollcall_infra.user_pool import CLIENT, make_user_pool

TEMPORARY, CHOSEN, OTHER = "Brisk-Otter-41", "Calm-Heron-52", "Loud-Magpie-63"
ADDRESS, PRESENT_ADDRESS = "jane@example.com", "jane@example.org"
REFUSED = "NotAuthorizedException"

pytestmark = pytest.mark.xdist_group("emulator")


class Pool(NamedTuple):
    """A pool with one account, which has a temporary password."""

    emulator: Emulator
    client: Any
    id: str
    client_id: str

    def sign_in(self, password: str) -> dict[str, Any]:
        """The answer to a sign-in with the password."""
        answer: dict[str, Any] = self.client.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ADDRESS, "PASSWORD": password},
        )
        return answer

    def choose(self, session: str | None, **more: Any) -> dict[str, Any]:
        """The answer to the challenge to replace the temporary password."""
        answer: dict[str, Any] = self.client.respond_to_auth_challenge(
            ClientId=self.client_id,
            ChallengeName=more.pop("ChallengeName", "NEW_PASSWORD_REQUIRED"),
            ChallengeResponses={"USERNAME": "jane", "NEW_PASSWORD": CHOSEN, **more},
            **({"Session": session} if session else {}),
        )
        return answer

    def tokens(self) -> dict[str, str]:
        """The tokens of a sign-in with the chosen password."""
        chosen = {"UserPoolId": self.id, "Username": "jane", "Password": CHOSEN}
        self.client.admin_set_user_password(**chosen, Permanent=True)
        found: dict[str, str] = self.sign_in(CHOSEN)["AuthenticationResult"]
        return found

    def confirm(self, code: str) -> None:
        """Choose another password by a mailed code."""
        self.client.confirm_forgot_password(
            ClientId=self.client_id, Username="jane", ConfirmationCode=code, Password=OTHER
        )

    def mailed(self, pattern: str, address: str) -> str:
        """What the last mail to the address has by this pattern."""
        mails = read_mails(self.emulator.url, self.emulator.keys)
        text = next(each.text for each in mails if each.to == address)
        found = re.search(pattern, text)
        assert found, text
        return found[1]


@pytest.fixture
def pool(emulator: Emulator) -> Iterator[Pool]:
    """A pool as it is deployed, with one account."""
    client = emulator.client("cognito-idp")
    made = client.create_user_pool(PoolName="SignIn", **make_user_pool(LENGTH_AT_LEAST))
    pool_id = made["UserPool"]["Id"]
    app = client.create_user_pool_client(UserPoolId=pool_id, **CLIENT)["UserPoolClient"]
    attributes = {"email": ADDRESS, "email_verified": "true"}
    client.admin_create_user(
        UserPoolId=pool_id,
        Username="jane",
        TemporaryPassword=TEMPORARY,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    try:
        yield Pool(emulator, client, pool_id, app["ClientId"])
    finally:
        client.delete_user_pool(UserPoolId=pool_id)


def error_of(call: Callable[..., Any], *arguments: Any, **parameters: Any) -> str | None:
    """The code of the error that a call ends with, if any."""
    try:
        call(*arguments, **parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def forge(token: str, **claims: Any) -> str:
    """The token with other claims and the former signature."""
    head, body, signature = token.split(".")
    held = json.loads(urlsafe_b64decode(f"{body}==="))
    changed = urlsafe_b64encode(json.dumps({**held, **claims}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize("session", [None, "x" * 20])
@pytest.mark.parametrize("name", ["NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"])
def test_challenge_that_was_not_issued_signs_nobody_in(
    pool: Pool, name: str, session: str | None
) -> None:
    assert error_of(pool.choose, session, ChallengeName=name) == REFUSED
    assert pool.sign_in(TEMPORARY)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_session_is_for_one_account_and_one_challenge_and_works_once(pool: Pool) -> None:
    pool.client.admin_create_user(UserPoolId=pool.id, Username="joe", MessageAction="SUPPRESS")
    session = pool.sign_in(TEMPORARY)["Session"]

    assert error_of(pool.choose, session, USERNAME="joe") == REFUSED
    assert error_of(pool.choose, session, ChallengeName="SOFTWARE_TOKEN_MFA") == REFUSED
    assert error_of(pool.choose, session, NEW_PASSWORD="short") == "InvalidPasswordException"
    assert error_of(pool.choose, session, USERNAME=ADDRESS) is None
    assert error_of(pool.choose, session) == REFUSED


def test_altered_token_is_refused(pool: Pool) -> None:
    tokens, client = pool.tokens(), pool.client
    refresh = {"ClientId": pool.client_id, "AuthFlow": "REFRESH_TOKEN_AUTH"}

    def renew(token: str) -> str | None:
        return error_of(client.initiate_auth, **refresh, AuthParameters={"REFRESH_TOKEN": token})

    assert error_of(client.get_user, AccessToken=tokens["AccessToken"]) is None
    assert renew(tokens["RefreshToken"]) is None
    for claims in ({"sub": "another"}, {"exp": 9_999_999_999}):
        altered = forge(tokens["AccessToken"], **claims)
        assert error_of(client.get_user, AccessToken=altered) == REFUSED
        assert renew(forge(tokens["RefreshToken"], **claims)) == REFUSED
    assert renew("a.b") == REFUSED


def test_code_is_random_and_only_the_last_one_works(pool: Pool) -> None:
    pool.tokens()
    assert error_of(pool.confirm, "654321") == "ExpiredCodeException"
    codes = []
    for _ in range(2):
        pool.client.forgot_password(ClientId=pool.client_id, Username=ADDRESS)
        codes.append(pool.mailed(r"code is (\d{6})", ADDRESS))
    assert len({*codes, "654321"}) == 3, "one in 500,000 runs fails here"
    assert error_of(pool.confirm, codes[0]) == "CodeMismatchException"
    assert error_of(pool.confirm, codes[1]) is None
    assert "AuthenticationResult" in pool.sign_in(OTHER)


def test_invitation_that_is_sent_again_ends_the_former_password(pool: Pool) -> None:
    moved = [{"Name": "email", "Value": PRESENT_ADDRESS}]
    account = {"UserPoolId": pool.id, "Username": "jane"}
    pool.client.admin_update_user_attributes(**account, UserAttributes=moved)
    pool.client.admin_create_user(
        **account, MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
    )
    present = pool.mailed(r"password is (\S+?)\.?$", PRESENT_ADDRESS)
    for password, expected in ((TEMPORARY, REFUSED), (present, None)):
        auth = {"USERNAME": "jane", "PASSWORD": password}
        flow = {"ClientId": pool.client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
        assert error_of(pool.client.initiate_auth, **flow, AuthParameters=auth) == expected


def test_person_cannot_sign_up_nor_take_an_address(pool: Pool) -> None:
    client, token = pool.client, pool.tokens()["AccessToken"]
    new = {"ClientId": pool.client_id, "Username": "joe", "Password": CHOSEN}
    assert error_of(client.sign_up, **new) == REFUSED
    for name, expected in (("email", REFUSED), ("preferred_username", REFUSED), ("locale", None)):
        written = {"AccessToken": token, "UserAttributes": [{"Name": name, "Value": "de"}]}
        assert error_of(client.update_user_attributes, **written) == expected, name
