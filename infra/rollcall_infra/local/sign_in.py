"""Signs in to the user pool of the embedded AWS, as an application or a service does."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rollcall_infra.local.state import LocalProblem, Service

_SILENT = "The embedded AWS does not answer. Check that rollcall local is running."


def sign_in(
    cognito: Any, client_id: str, email: str, password: str, new_password: str | None = None
) -> str:
    """An access token. Raises LocalProblem if Cognito rejects the sign-in, or if the password is
    temporary and there is no new one.
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
                    f"{email} has a temporary password. Specify a new one with --new-password."
                )
            answer = cognito.respond_to_auth_challenge(
                ClientId=client_id,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=answer["Session"],
                ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": new_password},
            )
    except ClientError as error:
        message = error.response["Error"].get("Message", "").strip(". ")
        raise LocalProblem(f"{email} cannot sign in: {message}.") from error
    except BotoCoreError as error:
        raise LocalProblem(_SILENT) from error
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def get_service_token(service: Service) -> str:
    """An access token of the client credentials grant (RFC 6749, 4.4) with all scopes of the
    service. Raises LocalProblem if Cognito rejects the request.
    """
    secret = base64.b64encode(f"{service.client_id}:{service.client_secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 (loopback)
        service.token_url,
        b"grant_type=client_credentials",
        {
            "Authorization": f"Basic {secret}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (loopback)
            token: str = json.load(answer)["access_token"]
    except urllib.error.HTTPError as error:
        reason = json.loads(error.read() or b"{}").get("error", error.reason)
        raise LocalProblem(
            f"The service {service.client_id} cannot get a token: {reason}."
        ) from error
    except OSError as error:
        raise LocalProblem(_SILENT) from error
    return token
