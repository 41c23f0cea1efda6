"""Runs ``cdk bootstrap`` and ``cdk deploy`` of the example app against ministack as against AWS."""

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

import pytest

from rollcall.grants.scopes import SYSTEM_SCOPES
from rollcall.kit.mail import Mail
from rollcall_infra.catalog import read_catalog
from rollcall_infra.local.emulator import REGION, Emulator
from rollcall_infra.local.sign_in import get_service_token, sign_in
from rollcall_infra.local.state import Service
from tests.api.acceptance import PASSWORD, Api

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "example"
CATALOG = read_catalog(EXAMPLE / "functions")
CDK = ROOT / "infra" / "node_modules" / ".bin" / "cdk"
ADMIN_EMAIL = "first@example.com"
MAIL_SENDER = "rollcall@example.com"
SETTINGS: dict[str, Any] = {
    "$schema": "schema.json",
    # The emulator runs functions on this machine, whose architecture differs from Lambda's.
    "architecture": "x86_64",
    "firstAdminEmail": ADMIN_EMAIL,
    "mailSender": MAIL_SENDER,
    "tableName": "shop-users",
    "serviceClients": {
        "acceptance": {
            "scopes": [scope.short_name for scope in SYSTEM_SCOPES],
            "factSources": ["learning"],
            "resourceTypes": ["workspace", "persona"],
        },
        "another": {"scopes": ["facts"], "factSources": ["another"]},
    },
}


@dataclass(frozen=True)
class Deployed:
    """A deployment and its emulated AWS."""

    aws: Emulator
    outputs: dict[str, str]
    output: str
    """The CDK's output."""

    def api(self) -> Api:
        """The API as its clients reach it. Sets the first admin's password."""
        api_id = self.outputs["ApiUrl"].removeprefix("https://").partition(".")[0]
        cognito, pool = self.aws.client("cognito-idp"), self.outputs["UserPoolId"]
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=ADMIN_EMAIL, Password=PASSWORD, Permanent=True
        )

        def token(email: str, password: str) -> str:
            return sign_in(cognito, self.outputs["ClientId"], email, password)

        url = f"{self.aws.url}/_aws/execute-api/{api_id}/api"
        return Api(url, token, self.service_token, ADMIN_EMAIL, PASSWORD)

    def service_token(self, name: str = "Acceptance") -> str:
        """A token of a service, with its secret from the user pool."""
        described = self.aws.client("cognito-idp").describe_user_pool_client(
            UserPoolId=self.outputs["UserPoolId"], ClientId=self.outputs[f"{name}ClientId"]
        )["UserPoolClient"]
        # The emulator issues tokens at its own address, whatever the domain is.
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
        """Allow all functions that send mail to send from "*": the emulator checks that resource
        and not the sending identity. Call this first, because the emulator retries neither a
        record that a reaction reports as failed nor the rest of its batch.
        """
        sending = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [sending]})
        for declaration in CATALOG.declarations:
            if Mail in declaration.writes:
                self.aws.client("iam").put_role_policy(
                    RoleName=self.role_of(declaration.name),
                    PolicyName="emulator",
                    PolicyDocument=document,
                )

    def drop_null_conditions(self) -> None:
        """Remove the Null conditions of what functions are allowed: the emulator has no condition
        keys of DynamoDB, so it would refuse every request. ``tests/world/iam.py`` evaluates them.
        """
        iam = self.aws.client("iam")
        for declaration in CATALOG.declarations:
            named = {"RoleName": self.role_of(declaration.name), "PolicyName": "function"}
            document = iam.get_role_policy(**named)["PolicyDocument"]
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    statement.get("Condition", {}).pop("Null", None)
            iam.put_role_policy(**named, PolicyDocument=json.dumps(document))

    @contextmanager
    def without_policy(self, name: str) -> Iterator[None]:
        """Let a function fail: its role has no permissions meanwhile."""
        iam, named = self.aws.client("iam"), {"RoleName": self.role_of(name)}
        named["PolicyName"] = "function"
        policy = iam.get_role_policy(**named)["PolicyDocument"]
        iam.delete_role_policy(**named)
        try:
            yield
        finally:
            iam.put_role_policy(**named, PolicyDocument=json.dumps(policy))

    def use_in_shell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let commands of this test find this deployment as one on AWS."""
        for name, value in {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.aws.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.aws.keys.secret_access_key,
        }.items():
            monkeypatch.setenv(name, value)

    def invoke(self, name: str) -> Any:
        """Invoke a function as its schedule does; returns its answer."""
        answer = self.aws.client("lambda").invoke(FunctionName=f"rollcall-{name}", Payload=b"{}")
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload


@contextmanager
def deploy(folder: Path) -> Iterator[Deployed]:
    """Deploy to a new emulator, which stops at the end.

    The deployment runs with IAM checks off, because the emulator denies the CDK's deployment roles
    access to their own bucket. Then the emulator restarts with the same state and the checks on,
    so that every function runs with its deployed role.
    """
    assert CDK.exists(), "The CDK is not installed; run: npm ci --prefix infra"
    emulator = Emulator(0, folder / "emulator.log", folder / "state")
    emulator.start()
    try:
        emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_SENDER)
        run_cdk(emulator, folder, "bootstrap", f"aws://000000000000/{REGION}")
        environment = folder / "trial.json"
        environment.write_text(json.dumps(SETTINGS))
        chosen = ["-c", f"environment={environment}"]
        arguments = ["--all", "--require-approval", "never", "--outputs-file", folder / "outputs"]
        output = run_cdk(emulator, EXAMPLE, "deploy", *arguments, "-o", folder / "cdk.out", *chosen)
        stacks = json.loads((folder / "outputs").read_text())
        outputs = {name: value for stack in stacks.values() for name, value in stack.items()}
        # These policies deny requests without TLS, which the emulator does not support.
        emulator.client("s3").delete_bucket_policy(Bucket=outputs["BucketName"])
        queues = emulator.client("sqs")
        for url in queues.list_queues()["QueueUrls"]:
            queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    finally:
        emulator.stop()
    try:
        emulator.start(check_roles=True)
        made = Deployed(emulator, outputs, output)
        made.allow_mail()
        made.drop_null_conditions()
        made.invoke("compact_directory")  # on AWS its schedule does this immediately
        yield made
    finally:
        emulator.stop()


def run_cdk(emulator: Emulator, folder: Path, *arguments: object) -> str:
    """Run the CDK in a folder and return its output. Fails with the output if the CDK fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]]),
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": emulator.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.keys.secret_access_key,
        "NO_PROXY": "*",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        # It takes half of the synthesis and only warns; cfn-lint checks the templates.
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
