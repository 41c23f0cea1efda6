"""Signing in to the user pool of the embedded AWS, as an application would."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.state import LocalProblem


def sign_in(
    cognito: Any, client_id: str, email: str, password: str, new_password: str | None = None
) -> str:
    """An access token. Raises LocalProblem when Cognito refuses, or when a temporary password has
    to be changed and no new one was given.
    """
    try:
        answer = cognito.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            if new_password is None:
                raise LocalProblem(
                    f"{email} has a temporary password; choose another one with --new-password."
                )
            answer = cognito.respond_to_auth_challenge(
                ClientId=client_id,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=answer["Session"],
                ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": new_password},
            )
    except ClientError as error:
        words = error.response["Error"].get("Message", "").strip(". ")
        raise LocalProblem(f"{email} was not signed in: {words}.") from error
    except BotoCoreError as error:
        raise LocalProblem(
            "The embedded AWS does not answer; is rollcall local running?"
        ) from error
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token
