"""``cdk bootstrap`` and ``cdk deploy`` against ministack, as a person runs them against AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.catalog import read_catalog
from infra.local.emulator import REGION, Emulator
from infra.local.sign_in import get_service_token, sign_in
from infra.local.state import Service
from rollcall.grants.scopes import SYSTEM_SCOPES
from rollcall.kit.mail import Mail
from tests.api.acceptance import PASSWORD, Api

ROOT = Path(__file__).parents[2]
CDK = ROOT / "infra" / "node_modules" / ".bin" / "cdk"
ADMIN_EMAIL = "first@example.com"
MAIL_SENDER = "rollcall@example.com"
CONTEXT = {
    # The emulator runs functions on this machine, whose processor is not Lambda's.
    "architecture": "x86_64",
    "firstAdminEmail": ADMIN_EMAIL,
    "mailSender": MAIL_SENDER,
    "serviceClients": json.dumps({"acceptance": [scope.short_name for scope in SYSTEM_SCOPES]}),
}


@dataclass(frozen=True)
class Deployed:
    """A deployment, and the emulated AWS that it is on."""

    aws: Emulator
    outputs: dict[str, str]
    output: str
    """What the CDK printed."""

    def api(self) -> Api:
        """The API as its clients reach it; the first admin has chosen a password."""
        api_id = self.outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
        cognito, pool = self.aws.client("cognito-idp"), self.outputs["UserPoolId"]
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=ADMIN_EMAIL, Password=PASSWORD, Permanent=True
        )

        def token(email: str, password: str) -> str:
            return sign_in(cognito, self.outputs["ClientId"], email, password)

        url = f"{self.aws.url}/_aws/execute-api/{api_id}/api"
        return Api(url, token, self.service_token, ADMIN_EMAIL, PASSWORD)

    def service_token(self) -> str:
        """A token of the service, whose secret is read as the output says."""
        described = self.aws.client("cognito-idp").describe_user_pool_client(
            UserPoolId=self.outputs["UserPoolId"], ClientId=self.outputs["AcceptanceClientId"]
        )["UserPoolClient"]
        # The emulator gives out tokens at its own address, whatever the domain is.
        path = urlsplit(self.outputs["TokenEndpoint"]).path
        return get_service_token(
            Service(
                client_id=described["ClientId"],
                client_secret=described["ClientSecret"],
                token_url=self.aws.url + path,
            )
        )

    def role_of(self, name: str) -> str:
        """The name of a function's role."""
        function = self.aws.client("lambda").get_function(FunctionName=f"rollcall-{name}")
        role: str = function["Configuration"]["Role"].rpartition("/")[2]
        return role

    def allow_mail(self) -> None:
        """Let those send mail who may: the emulator asks IAM about "*", and not about the identity
        that it is sent from. Before anything happens, because what a reaction reports as failed is
        not tried again here, nor what came in one batch with it.
        """
        sending = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [sending]})
        for declaration in read_catalog().declarations:
            if Mail in declaration.writes:
                self.aws.client("iam").put_role_policy(
                    RoleName=self.role_of(declaration.name),
                    PolicyName="emulator",
                    PolicyDocument=document,
                )

    def invoke(self, name: str) -> Any:
        """Run a function, as its schedule would; returns what it answers."""
        answer = self.aws.client("lambda").invoke(FunctionName=f"rollcall-{name}", Payload=b"{}")
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload


@contextmanager
def deploy(folder: Path) -> Iterator[Deployed]:
    """Deploy to an emulator of our own; it is gone at the end.

    The CDK's deployment roles come first and with the checks of IAM off, because the emulator
    denies them the bucket that they own. Then it starts again with the same state and the checks
    on, so that every function runs with its deployed role.
    """
    assert CDK.exists(), "The CDK is not installed; run: npm ci --prefix infra"
    emulator = Emulator(0, folder / "emulator.log", folder / "state")
    emulator.start()
    try:
        emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_SENDER)
        run_cdk(emulator, folder, "bootstrap", f"aws://000000000000/{REGION}")
        context = [word for pair in CONTEXT.items() for word in ("-c", "=".join(pair))]
        arguments = ["--all", "--require-approval", "never", "--outputs-file", folder / "outputs"]
        output = run_cdk(emulator, ROOT, "deploy", *arguments, "-o", folder / "cdk.out", *context)
        stacks = json.loads((folder / "outputs").read_text())
        outputs = {name: value for stack in stacks.values() for name, value in stack.items()}
        # It refuses everybody who comes without TLS, which the emulator does not speak.
        emulator.client("s3").delete_bucket_policy(Bucket=outputs["BucketName"])
    finally:
        emulator.stop()
    try:
        emulator.start(check_roles=True)
        made = Deployed(emulator, outputs, output)
        made.allow_mail()
        made.invoke("compact_directory")  # as its schedule does at once on AWS
        yield made
    finally:
        emulator.stop()


def run_cdk(emulator: Emulator, folder: Path, *arguments: object) -> str:
    """Run the CDK in a folder; returns what it printed. Fails with that when the CDK does."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "VIRTUAL_ENV": sys.prefix,
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": emulator.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.keys.secret_access_key,
        "NO_PROXY": "*",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        # It takes half of a synthesis and only warns; cfn-lint looks at the templates.
        "CDK_VALIDATION": "false",
    }
    done = subprocess.run(
        [str(CDK), *map(str, arguments), "--no-notices", "--progress", "events"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
