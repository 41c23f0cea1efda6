"""The CloudFormation templates that ``cdk deploy`` sends, and what they hold to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from aws_cdk import App, FileSystem, Stack
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations as CdkAnnotations
from aws_cdk.assertions import Match, Template
from cfnlint.api import lint_by_config  # type: ignore[import-untyped]  # has no types
from pydantic import ValidationError

from rollcall.grants.scopes import Scope
from rollcall.kit.declaration import Declaration
from rollcall.kit.delivery import match_new_entries, read_subscriptions
from rollcall.kit.dispatch import EntryDispatch
from rollcall.kit.mail import Mail
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.reaction import DeploymentReaction
from rollcall.kit.settings import Settings
from rollcall.mails.notices import MARK_KEPT
from rollcall_infra.access import Arns, derive_statements, find_signing_keys
from rollcall_infra.app import build_app
from rollcall_infra.catalog import Catalog, read_catalog
from rollcall_infra.checks import add_checks
from rollcall_infra.data_stack import DataStack
from rollcall_infra.deployment import Deployment
from rollcall_infra.firewall import PUBLIC_WINDOW
from rollcall_infra.layers import build_function
from rollcall_infra.placement import read_placement
from rollcall_infra.table_definition import create_key_table_parameters, create_table_parameters
from rollcall_infra.user_pool import CLIENT, GROUP, make_user_pool

pytestmark = pytest.mark.xdist_group("stacks")
"""Each synthesis takes seconds and serves many tests."""

ROOT = Path(__file__).parents[2]
CATALOG = read_catalog()
EMAIL = "first@example.com"

type Resource = dict[str, Any]


class Synthesized(NamedTuple):
    """The templates by stack or area, and the folder that they are in."""

    folder: Path
    templates: dict[str, dict[str, Any]]

    def find(self, kind: str, *stacks: str) -> list[Resource]:
        """All resources of this type, in these stacks or in all."""
        chosen = [self.templates[stack] for stack in stacks] or self.templates.values()
        resources = [each for template in chosen for each in template["Resources"].values()]
        return [each for each in resources if each["Type"] == f"AWS::{kind}"]

    def only(self, kind: str, *stacks: str) -> Resource:
        """The one resource of this type."""
        (found,) = self.find(kind, *stacks)
        return found

    def function(self, declaration: Declaration) -> dict[str, Any]:
        """The properties of a declaration's function."""
        named = {each["Properties"]["FunctionName"]: each for each in self.find("Lambda::Function")}
        properties: dict[str, Any] = named[f"rollcall-{declaration.name}"]["Properties"]
        return properties

    def logical_id(self, declaration: Declaration) -> str:
        """The id of a declaration's function in its template."""
        (found,) = (
            name
            for template in self.templates.values()
            for name, each in template["Resources"].items()
            if each["Type"] == "AWS::Lambda::Function"
            and each["Properties"]["FunctionName"] == f"rollcall-{declaration.name}"
        )
        return str(found)

    def statements(self, declaration: Declaration) -> list[dict[str, Any]]:
        """The statements of a function's role."""
        role_id = self.function(declaration)["Role"]["Fn::GetAtt"][0]
        (role,) = (
            t["Resources"][role_id] for t in self.templates.values() if role_id in t["Resources"]
        )
        (policy,) = role["Properties"]["Policies"]
        statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
        return statements


FLAGS: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]


def make_app(folder: Path) -> App:
    """An app that cdk-nag alone validates. The CDK's own validation of templates takes half of a
    synthesis and only warns; cfn-lint looks at them here.
    """
    return App(context=FLAGS, outdir=str(folder), builtin_cloud_formation_validation=False)


def synthesize(folder: Path, catalog: Catalog = CATALOG, **settings: Any) -> Synthesized:
    """Run the app as the CDK does, cdk-nag included."""
    app = make_app(folder)
    build_app(app, Deployment.model_validate(settings), catalog)
    app.synth()
    files = folder.glob("*.template.json")
    return Synthesized(folder, {name_of(file): json.loads(file.read_text()) for file in files})


def synthesize_data(folder: Path, catalog: Catalog = CATALOG, **settings: Any) -> Synthesized:
    """The data stack alone, which does not take as long."""
    app = make_app(folder)
    DataStack(app, Deployment.model_validate(settings), catalog)
    add_checks(app)
    app.synth()
    (file,) = folder.glob("*.template.json")
    assert not lint([file])
    return Synthesized(folder, {"data": json.loads(file.read_text())})


def lint(files: Iterable[Path]) -> list[str]:
    """What cfn-lint finds in templates. It reads its rules once for each call."""
    return [str(match) for match in lint_by_config({"templates": [str(each) for each in files]})]


def name_of(file: Path) -> str:
    """``data``, ``api``, or the area whose nested stack this is."""
    name = file.name.removesuffix(".template.json").removeprefix("rollcall")
    nested = re.fullmatch(r"api([a-z]+)[0-9A-F]{8}\.nested", name)
    return nested[1] if nested else name.strip("-")


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The defaults, with what most deployments set."""
    return synthesize(
        tmp_path_factory.mktemp("prod"),
        firstAdminEmail=EMAIL,
        mailSender="Rollcall <rollcall@example.com>",
        loginUrl="https://app.example.com/login",
        resourceTypes="invoice=refuse",
        uniqueIdPattern="EMP-####",
        factsFreshDays="30",
        invitationUrl="https://app.example.com/welcome",
        verificationUrl="https://app.example.com/confirm",
        allowRegistration="true",
        passwordMinimumLength="12",
        cleanUpSchedule="cron(30 2 ? * MON-FRI *)",
        reconciliationSchedule="cron(15 4 * * ? *)",
    )


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """Everything the other way round."""
    return synthesize(
        tmp_path_factory.mktemp("other"),
        stage="dev",
        architecture="x86_64",
        userPoolId="eu-west-1_Existing",
        waf=True,
        requestsPerAddress=5000,
        publicRequestsPerAddress="50",
        reservedConcurrency=7,
        allowedOrigin="https://console.example.com",
        apiGatewayAccount=True,
    )


PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "ap-southeast-2", "AWS::AccountId": "0" * 12}


def resolve(value: Any) -> Any:
    """What CloudFormation makes of joined pieces."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            return "".join(map(resolve, value["Fn::Join"][1]))
        if "Ref" in value:
            return PSEUDO[value["Ref"]]
        return {name: resolve(each) for name, each in value.items()}
    return [resolve(each) for each in value] if isinstance(value, list) else value


def invoker(synthesized: Synthesized) -> dict[str, Any]:
    """The role that the gateway calls functions with."""
    document = synthesized.only("ApiGateway::RestApi")["Properties"]["Body"]
    (path, *_) = document["paths"].values()
    integration = next(iter(path.values()))["x-amazon-apigateway-integration"]
    role_id = integration["credentials"]["Fn::GetAtt"][0]
    properties: dict[str, Any] = synthesized.templates["api"]["Resources"][role_id]["Properties"]
    return properties


def each_name(declaration: Declaration) -> str:
    return declaration.name


def assert_retained(resource: Resource) -> None:
    """Retained, unless the deployment that creates it fails: the next one could not create it."""
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate", resource["Type"]
    assert resource["UpdateReplacePolicy"] == "Retain", resource["Type"]


def test_data_outlives_its_stack_and_refuses_to_be_deleted(prod: Synthesized) -> None:
    for table in prod.find("DynamoDB::Table", "data"):
        assert_retained(table)
        assert table["Properties"]["DeletionProtectionEnabled"] is True
    kept = ("S3::Bucket", "Cognito::UserPool", "Cognito::UserPoolClient")
    for kind in (*kept, "Cognito::UserPoolGroup", "Cognito::UserPoolResourceServer"):
        assert_retained(prod.only(kind, "data"))
    assert prod.only("Cognito::UserPool")["Properties"]["DeletionProtection"] == "ACTIVE"


def test_data_has_the_logical_ids_of_existing_deployments(prod: Synthesized) -> None:
    """CloudFormation creates a new resource, and so an empty table, for another logical id."""
    resources = prod.templates["data"]["Resources"]
    kept = {
        name
        for name, each in resources.items()
        if each.get("DeletionPolicy", "").startswith("Retain")
    }
    pool = {"UserPool", "Client", "Admins", "ResourceServer"}
    assert kept == {"Table", "Keys", "Bucket83908E77", "ConfigurationSet", *pool}
    manifest = json.loads((prod.folder / "manifest.json").read_text())["artifacts"].values()
    names = {each["properties"].get("stackName") for each in manifest if "properties" in each}
    assert {"rollcall-data", "rollcall-api"} <= names


def test_development_deployment_can_be_thrown_away(other: Synthesized) -> None:
    table, bucket = other.find("DynamoDB::Table")[0], other.only("S3::Bucket")
    assert table["DeletionPolicy"] == bucket["DeletionPolicy"] == "Delete"
    assert table["Properties"]["DeletionProtectionEnabled"] is False


def test_table_is_the_one_that_tests_and_local_runtime_make(prod: Synthesized) -> None:
    made = prod.find("DynamoDB::Table")[0]["Properties"]
    declared = create_table_parameters("")
    for name in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"):
        assert made[name] == declared[name]
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert made["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_table_can_be_replaced_because_no_stack_holds_an_export_of_it(
    prod: Synthesized, tmp_path: Path
) -> None:
    imported = {
        json.dumps(each["Fn::ImportValue"])
        for template in prod.templates.values()
        for each in find_all(template, "Fn::ImportValue")
    }
    read = {
        each["Fn::GetStackOutput"]["OutputName"]
        for template in prod.templates.values()
        for each in find_all(template, "Fn::GetStackOutput")
    }
    assert all("Bucket" in name for name in imported)
    for words in ("RefTable", "GetAttTable.*StreamArn", "GetAttTable.*Arn", "RefKeys"):
        assert any(re.search(words, name) for name in read), words
    named = synthesize_data(tmp_path, tableName="rollcall-2").find("DynamoDB::Table")
    assert [each["Properties"].get("TableName") for each in named] == ["rollcall-2", None]


def find_all(value: Any, name: str) -> Iterator[Any]:
    """All objects with this name, at any depth."""
    if isinstance(value, dict):
        if name in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from find_all(each, name)


def test_bucket_is_private_encrypted_and_spoken_to_in_secret(prod: Synthesized) -> None:
    bucket = prod.only("S3::Bucket")["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    document = prod.only("S3::BucketPolicy")["Properties"]["PolicyDocument"]
    (statement,) = document["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


class Receipt(StoredObject):
    """A kind of object that is kept for some days."""

    prefix = "receipts/"
    days_kept = 3


def test_objects_are_kept_for_as_long_as_their_kind_says(tmp_path: Path) -> None:
    first, *others = CATALOG.operations
    catalog = CATALOG._replace(operations=(replace(first, reads=(Receipt,)), *others))
    rules = synthesize_data(tmp_path, catalog).only("S3::Bucket")["Properties"][
        "LifecycleConfiguration"
    ]["Rules"]
    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    kinds = {kind for each in catalog.declarations for kind in each.stored_objects}
    assert kept == {kind.prefix: kind.days_kept for kind in kinds if kind.days_kept}
    assert kept["receipts/"] == 3
    assert {"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}} in (
        rules
    )


@pytest.mark.parametrize(
    ("kind", "declared"),
    [("UserPool", make_user_pool(12)), ("UserPoolClient", CLIENT), ("UserPoolGroup", GROUP)],
)
def test_user_pool_is_the_one_that_tests_and_local_runtime_make(
    prod: Synthesized, kind: str, declared: dict[str, Any]
) -> None:
    made = prod.only(f"Cognito::{kind}")["Properties"]
    assert {name: made[name] for name in declared} == declared


def test_user_pool_asks_the_table_at_every_sign_in(prod: Synthesized) -> None:
    trigger = prod.only("Cognito::UserPool")["Properties"]["LambdaConfig"][
        "PreTokenGenerationConfig"
    ]
    assert trigger["LambdaVersion"] == "V1_0"  # the only one of the plan Lite
    (function_id, _) = trigger["LambdaArn"]["Fn::GetAtt"]
    function = prod.templates["data"]["Resources"][function_id]["Properties"]
    assert function["FunctionName"] == "rollcall-admit_sign_in"
    permission = prod.only("Lambda::Permission", "data")["Properties"]
    assert permission["FunctionName"]["Fn::GetAtt"][0] == function_id
    assert permission["SourceArn"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


def test_existing_user_pool_is_used_and_may_call_the_trigger(other: Synthesized) -> None:
    assert not other.find("Cognito::UserPool")
    assert other.only("Cognito::UserPoolClient")["Properties"]["UserPoolId"] == "eu-west-1_Existing"
    permission = other.only("Lambda::Permission")["Properties"]
    assert "userpool/eu-west-1_Existing" in json.dumps(permission["SourceArn"])
    described = other.templates["data"]["Outputs"]["PreTokenGenerationTrigger"]["Description"]
    assert "rollcall attach-trigger" in described
    (document,) = (api["Properties"]["Body"] for api in other.find("ApiGateway::RestApi"))
    assert "userpool/eu-west-1_Existing" in json.dumps(document["components"])


SERVICES = {"order-desk": {"scopes": ["resources"], "resourceTypes": ["workspace", "persona"]}}


def test_service_gets_a_client_with_its_own_scopes_and_nobody_signs_in_by_it(
    tmp_path: Path,
) -> None:
    made = synthesize_data(tmp_path, serviceClients=json.dumps(SERVICES))

    (server_id,) = (
        name
        for name, each in made.templates["data"]["Resources"].items()
        if each["Type"] == "AWS::Cognito::UserPoolResourceServer"
    )
    people, service = made.find("Cognito::UserPoolClient")
    assert people["Properties"]["ClientName"] == "rollcall"
    properties = service["Properties"]
    assert properties["ClientName"] == "rollcall-order-desk"
    assert properties["AllowedOAuthFlows"] == ["client_credentials"]
    assert properties["AllowedOAuthFlowsUserPoolClient"] is properties["GenerateSecret"] is True
    assert properties["AllowedOAuthScopes"] == [
        "rollcall/resources",
        "rollcall/resources:persona",
        "rollcall/resources:workspace",
    ]
    server = made.only("Cognito::UserPoolResourceServer")["Properties"]
    declared = {f"{server['Identifier']}/{each['ScopeName']}" for each in server["Scopes"]}
    assert declared == {*Scope, *properties["AllowedOAuthScopes"]}
    assert properties["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert properties["AccessTokenValidity"] == 15
    assert properties["TokenValidityUnits"] == {"AccessToken": "minutes"}
    assert server_id in service["DependsOn"]
    # Taken out of the settings, it is gone with the next deployment.
    assert service.get("DeletionPolicy", "Delete") == "Delete"


def test_outputs_say_how_a_service_gets_its_token_and_hold_no_secret(tmp_path: Path) -> None:
    made = synthesize_data(tmp_path, serviceClients=SERVICES)

    outputs = made.templates["data"]["Outputs"]
    domain = made.only("Cognito::UserPoolDomain")["Properties"]["Domain"]
    assert resolve(domain) == f"rollcall-{PSEUDO['AWS::AccountId']}"
    endpoint = resolve(outputs["TokenEndpoint"]["Value"])
    assert endpoint == (
        f"https://rollcall-{PSEUDO['AWS::AccountId']}.auth.ap-southeast-2.amazoncognito.com"
        "/oauth2/token"
    )
    words = outputs["OrderDeskClientId"]["Description"]
    assert "aws cognito-idp describe-user-pool-client" in words
    assert "Fn::GetAtt" not in json.dumps([each["Value"] for each in outputs.values()])


def test_service_clients_of_an_existing_pool_use_the_domain_that_it_has(tmp_path: Path) -> None:
    made = synthesize_data(
        tmp_path,
        userPoolId="eu-west-1_Existing",
        userPoolDomain="auth.example.com",
        serviceClients=SERVICES,
    )

    assert not made.find("Cognito::UserPoolDomain")
    for client in made.find("Cognito::UserPoolClient"):
        assert client["Properties"]["UserPoolId"] == "eu-west-1_Existing"
    endpoint = made.templates["data"]["Outputs"]["TokenEndpoint"]["Value"]
    assert endpoint == "https://auth.example.com/oauth2/token"


def test_existing_pool_without_a_domain_is_given_one(tmp_path: Path) -> None:
    made = synthesize_data(
        tmp_path,
        userPoolId="eu-west-1_Existing",
        serviceClients=SERVICES,
    )
    properties = made.only("Cognito::UserPoolDomain")["Properties"]
    assert properties["UserPoolId"] == "eu-west-1_Existing"


def test_without_services_there_is_neither_domain_nor_endpoint(prod: Synthesized) -> None:
    assert not prod.find("Cognito::UserPoolDomain")
    assert "TokenEndpoint" not in prod.templates["data"]["Outputs"]


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_function_is_made_as_declared(prod: Synthesized, declaration: Declaration) -> None:
    function = prod.function(declaration)
    assert function["Runtime"] == f"python{(ROOT / '.python-version').read_text().strip()}"
    assert function["Handler"] == f"{declaration.name}.{declaration.name}"
    assert (function["MemorySize"], function["Timeout"]) == (
        declaration.memory,
        declaration.timeout,
    )
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["EphemeralStorage"] == {"Size": declaration.ephemeral_storage}
    layers = re.findall(r"([A-Z][a-z]+)Layer", json.dumps(function["Layers"]))
    assert [each.lower() for each in layers] == ["vendor", "shared", *declaration.layers]


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_role_holds_the_derived_statements_and_otherwise_only_logs_traces_and_its_trigger(
    prod: Synthesized, declaration: Declaration
) -> None:
    pool = "pool" if declaration.uses_accounts else ""  # the pool refers to the trigger
    arns = Arns("table", "keys", pool, "bucket", ("sender", "domain"))
    derived = [
        (each["Action"], each.get("Condition")) for each in derive_statements(declaration, arns)
    ]

    held = prod.statements(declaration)
    outside = {"logs", "xray", "sqs", "lambda"}
    beyond = {"dynamodb:DescribeStream", "dynamodb:ListStreams"}
    about_data = [
        (as_list(each["Action"]), each.get("Condition"))
        for each in held
        if as_list(each["Action"])[0].partition(":")[0] not in outside
        and not beyond & set(as_list(each["Action"]))
    ]

    assert about_data == derived
    for statement in held:
        if statement["Resource"] == "*":
            assert set(as_list(statement["Action"])) <= {
                "dynamodb:ListStreams",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            }


def as_list(value: str | list[str]) -> list[str]:
    """CloudFormation writes a list of one as its member."""
    return value if isinstance(value, list) else [value]


def test_mail_leaves_from_the_verified_address_or_domain_alone(prod: Synthesized) -> None:
    (reaction,) = (each for each in CATALOG.stream_reactions if each.name == "notify_user")
    (sending,) = (s for s in prod.statements(reaction) if s["Action"] == "ses:SendEmail")
    ends = [json.dumps(each).rpartition(":")[2] for each in sending["Resource"]]
    assert [each.partition('"')[0] for each in ends] == [
        "identity/rollcall@example.com",
        "identity/example.com",
        "configuration-set/rollcall",
    ]


def test_cognito_sends_its_mails_from_the_same_address(prod: Synthesized) -> None:
    pool = prod.only("Cognito::UserPool")
    configured = dict(pool["Properties"]["EmailConfiguration"])
    source = resolve(configured.pop("SourceArn"))
    assert source.endswith(":identity/rollcall@example.com")
    assert source.startswith("arn:aws:ses:ap-southeast-2:")
    assert configured == {
        "EmailSendingAccount": "DEVELOPER",
        "From": "Rollcall <rollcall@example.com>",
        "ConfigurationSet": "rollcall",
    }
    assert "ConfigurationSet" in pool["DependsOn"]
    assert "SmsConfiguration" not in pool["Properties"]


def test_failures_of_mails_reach_the_reaction(prod: Synthesized) -> None:
    assert prod.only("SES::ConfigurationSet", "data")["DeletionPolicy"] == "RetainExceptOnCreate"
    properties = prod.only("SES::ConfigurationSetEventDestination")["Properties"]
    destination = properties["EventDestination"]
    assert properties["ConfigurationSetName"] == "rollcall"
    assert destination["MatchingEventTypes"] == ["bounce", "complaint"]
    bus = resolve(destination["EventBridgeDestination"]["EventBusArn"])
    assert bus.endswith(":event-bus/default")
    rule = prod.only("Events::Rule", "reactions")["Properties"]
    (reaction,) = CATALOG.mail_event_reactions
    assert rule["EventPattern"] == reaction.event_pattern("rollcall")
    (target,) = rule["Targets"]
    assert target["DeadLetterConfig"]
    assert prod.function(reaction)["DeadLetterConfig"]
    invoking = [
        each["Properties"]
        for each in prod.find("Lambda::Permission", "reactions")
        if each["Properties"]["Principal"] == "events.amazonaws.com"
    ]
    assert [each["FunctionName"] for each in invoking] == [target["Arn"]]
    assert all("SourceArn" in each for each in invoking)
    assert not [s for s in prod.statements(reaction) if "ses:SendEmail" in as_list(s["Action"])]


def test_existing_pool_and_deployment_without_a_sender_get_no_configuration_of_mail(
    other: Synthesized,
) -> None:
    for kind in ("SES::ConfigurationSet", "SES::ConfigurationSetEventDestination", "Events::Rule"):
        assert other.find(kind) == []


def test_deployment_without_a_sender_is_warned_about_the_limit_of_cognito(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    stack = DataStack(app, Deployment(), CATALOG)
    warnings = CdkAnnotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("50 mails")
    )
    assert len(warnings) == 1
    pool = Template.from_stack(stack).find_resources("AWS::Cognito::UserPool")
    assert all("EmailConfiguration" not in each["Properties"] for each in pool.values())


def test_text_messages_go_to_phones_only_by_a_role_for_the_pool(tmp_path: Path) -> None:
    made = synthesize_data(
        tmp_path, sms=True, mailSender="a@example.com", mailConfigurationSet="shared"
    )
    sms = made.only("Cognito::UserPool")["Properties"]["SmsConfiguration"]
    role = made.templates["data"]["Resources"][sms["SnsCallerArn"]["Fn::GetAtt"][0]]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    conditions = trusted["Condition"]["StringEquals"]
    assert trusted["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert conditions["sts:ExternalId"] == sms["ExternalId"]
    assert conditions["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert (statement["Action"], resolve(statement["NotResource"])) == (
        "sns:Publish",
        "arn:aws:sns:*:*:*",
    )
    # The named configuration set exists already; it only gets an event destination.
    assert made.find("SES::ConfigurationSet") == []
    destination = made.only("SES::ConfigurationSetEventDestination")["Properties"]
    assert destination["ConfigurationSetName"] == "shared"
    email = made.only("Cognito::UserPool")["Properties"]["EmailConfiguration"]
    assert email["ConfigurationSet"] == "shared"


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_function_is_told_only_what_it_needs(prod: Synthesized, declaration: Declaration) -> None:
    told = prod.function(declaration)["Environment"]["Variables"]
    settings = Settings.model_validate(
        {name: each if isinstance(each, str) else json.dumps(each) for name, each in told.items()}
    )
    assert bool(settings.user_pool_id) == declaration.uses_accounts
    assert bool(settings.bucket_name) == bool(declaration.stored_objects)
    assert bool(settings.first_admin_email) == isinstance(declaration, DeploymentReaction)
    assert bool(settings.mail_sender) == (Mail in (*declaration.reads, *declaration.writes))
    assert bool(settings.login_url) == bool(settings.mail_sender)
    assert settings.mail_configuration_set == ("rollcall" if settings.mail_sender else "")
    assert not settings.mail_templates  # in the layer
    assert settings.table_name
    assert bool(settings.key_table_name) == bool(find_signing_keys(declaration))
    assert settings.resource_types == "invoice=refuse"
    assert settings.unique_id_pattern == "EMP-####"
    assert settings.facts_fresh_days == 30
    assert settings.password_minimum_length == 12
    assert settings.allow_registration
    assert settings.invitation_url == "https://app.example.com/welcome"
    assert settings.verification_url == "https://app.example.com/confirm"
    assert settings.clean_up_schedule == "cron(30 2 ? * MON-FRI *)"
    assert settings.reconciliation_schedule == "cron(15 4 * * ? *)"
    assert settings.time_scale == 1
    dispatches = isinstance(declaration, EntryDispatch)
    assert bool(settings.subscriptions) == bool(settings.dead_letter_queue_url) == dispatches


def test_logs_of_every_function_end(prod: Synthesized, other: Synthesized) -> None:
    for synthesized, days in ((prod, 90), (other, 7)):
        groups = synthesized.find("Logs::LogGroup")
        assert len(groups) == len(CATALOG.declarations) + 1  # and the access log
        assert {group["Properties"]["RetentionInDays"] for group in groups} == {days}


def test_gateway_may_call_the_operations_and_nothing_else(prod: Synthesized) -> None:
    (policy,) = invoker(prod)["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    called = {resolve(each).rpartition(":")[2] for each in statement["Resource"]}
    assert statement["Action"] == "lambda:InvokeFunction"
    assert called == {f"rollcall-{operation.name}" for operation in CATALOG.operations}


def test_api_is_throttled_and_logged_as_json_without_what_may_be_a_token(
    prod: Synthesized,
) -> None:
    stage = prod.only("ApiGateway::Stage")["Properties"]
    assert stage["StageName"] == "api"
    assert stage["TracingEnabled"] is False  # its segments hold whole paths
    settings = {f"{s['ResourcePath']} {s['HttpMethod']}": s for s in stage["MethodSettings"]}
    limits = {
        name: (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"], each["LoggingLevel"])
        for name, each in settings.items()
    }
    public = {f"{path_of(each)} {each.method}" for each in CATALOG.operations if each.public}
    heads = {name.replace(" GET", " HEAD") for name in public}
    assert limits == {
        "/* *": (200, 400, "ERROR"),
        **dict.fromkeys(public | heads, (10, 20, "OFF")),
    }
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert line["requestId"] == "$context.requestId"
    assert line["path"] == "$context.resourcePath"  # with the variable, not with what is in it
    assert not [each for each in line.values() if "header" in each or "query" in each]


def path_of(operation: Operation[Any, Any]) -> str:
    """A path as the stage's settings have it."""
    return "/" + operation.public_path.replace("/", "~1")


def test_firewall_limits_each_address_only_when_asked(
    prod: Synthesized, other: Synthesized
) -> None:
    assert not prod.find("WAFv2::WebACL")
    acl = other.only("WAFv2::WebACL")["Properties"]
    assert acl["DefaultAction"] == {"Allow": {}}
    every, public = (rule["Statement"]["RateBasedStatement"] for rule in acl["Rules"])
    assert every == {"AggregateKeyType": "IP", "Limit": 5000, "EvaluationWindowSec": 300}
    assert public == {
        "AggregateKeyType": "IP",
        "Limit": 50,
        "EvaluationWindowSec": 60,
        "ScopeDownStatement": public["ScopeDownStatement"],
    }
    assert "/stages/" in json.dumps(other.only("WAFv2::WebACLAssociation")["Properties"])


def test_firewall_answers_as_the_api_does_when_there_are_too_many_requests(
    other: Synthesized,
) -> None:
    acl = other.only("WAFv2::WebACL")["Properties"]
    for rule in acl["Rules"]:
        answer = rule["Action"]["Block"]["CustomResponse"]
        headers = {each["Name"]: each["Value"] for each in answer["ResponseHeaders"]}
        window = rule["Statement"]["RateBasedStatement"]["EvaluationWindowSec"]
        assert (answer["ResponseCode"], headers["Retry-After"]) == (429, str(window))
        assert headers["Cache-Control"] == "no-store"
        assert headers["Access-Control-Allow-Origin"] == "https://console.example.com"
        body = acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]
        assert body["ContentType"] == "APPLICATION_JSON"
        problem = json.loads(body["Content"])
        assert (problem["status"], problem["code"]) == (429, "throttled")


def test_firewall_samples_no_requests_whose_paths_can_have_tokens(other: Synthesized) -> None:
    acl = other.only("WAFv2::WebACL")["Properties"]
    for each in (acl, *acl["Rules"]):
        assert each["VisibilityConfig"]["SampledRequestsEnabled"] is False


def test_firewall_accepts_whatever_content_the_api_documents(other: Synthesized) -> None:
    """AWS's common rules refuse bodies over 8 KB and queries over 2 KB."""
    acl = json.dumps(other.only("WAFv2::WebACL")["Properties"])
    for statement in ("ManagedRuleGroup", "SizeConstraint", "XssMatch", "SqliMatch", '"Body"'):
        assert statement not in acl


TOKEN = "inv_01h455vb4pex5vsknk084sn02q_abc"


@pytest.mark.parametrize("operation", CATALOG.operations, ids=each_name)
def test_firewall_knows_the_routes_that_need_no_token(
    other: Synthesized, operation: Operation[Any, Any]
) -> None:
    _, rule = other.only("WAFv2::WebACL")["Properties"]["Rules"]
    match = rule["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["RegexMatchStatement"]
    assert match["FieldToMatch"] == {"UriPath": {}}
    assert [each["Type"] for each in match["TextTransformations"]] == ["URL_DECODE"]
    assert len(match["RegexString"]) <= 512  # the quota of WAF
    path = re.sub(r"\{\w+\}", TOKEN, operation.public_path)
    first = path[1]
    for sent in (
        path,  # behind a domain of its own
        f"/api{path}",
        f"//api/{path}",
        f"/api{path}/",
        f"/api/%{ord(first):x}{path[2:]}",
        f"/api{path}".replace(TOKEN, f"{TOKEN}%2Fx"),
    ):
        assert bool(re.search(match["RegexString"], unquote(sent))) == operation.public, sent


def test_firewall_accepts_by_default_what_the_operations_accept_from_one_address() -> None:
    throttles = [each.throttle for each in CATALOG.operations if each.public and each.throttle]
    minute = timedelta(seconds=PUBLIC_WINDOW)
    accepted = sum(each.at_most * (minute / each.within) for each in throttles)
    assert Deployment().public_requests_per_address >= accepted > 0


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_public_operations_alone_have_a_share_of_the_concurrency(
    prod: Synthesized, other: Synthesized, declaration: Declaration
) -> None:
    public = isinstance(declaration, Operation) and declaration.public
    reserved = other.function(declaration).get("ReservedConcurrentExecutions")
    assert reserved == (7 if public else None)
    # An account with ten executions in all cannot reserve any.
    assert "ReservedConcurrentExecutions" not in prod.function(declaration)


def filter_of(source: Resource) -> str:
    """The only filter pattern of an event source mapping."""
    (pattern,) = source["Properties"]["FilterCriteria"]["Filters"]
    return json.dumps(json.loads(pattern["Pattern"]))


def test_stream_has_two_readers_that_give_up_in_bounded_time(prod: Synthesized) -> None:
    """DynamoDB lets two processes read a shard at the same time."""
    sources = prod.find("Lambda::EventSourceMapping")
    (watch,) = CATALOG.journal_watches
    wanted = (match_new_entries(CATALOG.subscriptions), watch.stream_filter())
    assert sorted(map(filter_of, sources)) == sorted(map(json.dumps, wanted))
    assert len(sources) <= 2
    for source in sources:
        properties = source["Properties"]
        assert properties["BisectBatchOnFunctionError"] is True
        assert 0 < properties["MaximumRetryAttempts"] <= 10
        assert 0 < properties["MaximumRecordAgeInSeconds"] <= 6 * 3600
        assert properties["DestinationConfig"]["OnFailure"]["Destination"]


def test_dispatch_invokes_exactly_the_reactions_and_only_it_does(prod: Synthesized) -> None:
    (dispatch,) = CATALOG.entry_dispatches
    resources = prod.templates["reactions"]["Resources"]

    def name_of_function(reference: Any) -> str:
        logical_id = reference.get("Ref") or reference["Fn::GetAtt"][0]
        return str(resources[logical_id]["Properties"]["FunctionName"])

    invokes = {
        each.name: [s for s in prod.statements(each) if s["Action"] == "lambda:InvokeFunction"]
        for each in CATALOG.declarations
    }
    (statement,) = invokes.pop(dispatch.name)
    assert not any(invokes.values())
    expected = {f"rollcall-{each.name}": each.kinds for each in CATALOG.stream_reactions}
    assert {name_of_function(each) for each in statement["Resource"]} == set(expected)
    told = prod.function(dispatch)["Environment"]["Variables"]
    parts = told["SUBSCRIPTIONS"]["Fn::Join"][1]
    text = "".join(each if isinstance(each, str) else name_of_function(each) for each in parts)
    assert read_subscriptions(text) == expected
    assert told["DEAD_LETTER_QUEUE_URL"]["Ref"]


def test_each_reaction_has_its_own_queue_and_dead_letters_and_reads_no_stream(
    prod: Synthesized,
) -> None:
    configured = {
        each["Properties"]["FunctionName"]["Ref"]: each["Properties"]
        for each in prod.find("Lambda::EventInvokeConfig")
    }
    assert len(configured) == len(CATALOG.stream_reactions)
    for reaction in CATALOG.stream_reactions:
        own = configured[prod.logical_id(reaction)]
        assert own["DestinationConfig"]["OnFailure"]["Destination"]
        assert (own["MaximumRetryAttempts"], own["MaximumEventAgeInSeconds"]) == (2, 6 * 3600)
        statements = prod.statements(reaction)
        assert "sqs:SendMessage" in [each["Action"] for each in statements]
        assert "GetRecords" not in json.dumps(statements)


def test_jobs_at_intervals_start_spread_over_a_part_of_the_interval(prod: Synthesized) -> None:
    schedules = [each["Properties"] for each in prod.find("Scheduler::Schedule")]
    windows = {each["Description"]: each["FlexibleTimeWindow"] for each in schedules}
    for job in CATALOG.jobs:
        window = windows[job.summary]
        if job.every is None:
            assert window == {"Mode": "OFF"}
        else:
            assert window["Mode"] == "FLEXIBLE"
            spread = timedelta(minutes=window["MaximumWindowInMinutes"])
            assert timedelta(minutes=1) <= spread <= min(job.every / 4, timedelta(hours=1))


def test_job_runs_on_its_schedule_and_ends_in_the_dead_letters(prod: Synthesized) -> None:
    schedules = [each["Properties"] for each in prod.find("Scheduler::Schedule")]
    rates = {each["Description"]: each["ScheduleExpression"] for each in schedules}
    by_setting = {
        "clean_up_schedule": "cron(30 2 ? * MON-FRI *)",
        "reconciliation_schedule": "cron(15 4 * * ? *)",
    }
    assert rates == {
        job.summary: in_words(job.every) if job.every else by_setting[str(job.cron_setting)]
        for job in CATALOG.jobs
    }
    for schedule in schedules:
        assert schedule["Target"]["DeadLetterConfig"]["Arn"]
    for job in CATALOG.jobs:
        assert prod.function(job)["DeadLetterConfig"]["TargetArn"]


UNITS = {unit: timedelta(**{f"{unit}s": 1}) for unit in ("day", "hour", "minute")}


def in_words(every: timedelta) -> str:
    """As EventBridge Scheduler writes a rate."""
    unit, one = next((unit, one) for unit, one in UNITS.items() if not every % one)
    number = every // one
    return f"rate({number} {unit}{'s' if number > 1 else ''})"


def test_dead_letters_are_gone_before_the_mark_of_a_sent_mail(prod: Synthesized) -> None:
    for queue in prod.find("SQS::Queue"):
        kept = timedelta(seconds=queue["Properties"]["MessageRetentionPeriod"])
        assert timedelta(days=5) < kept < MARK_KEPT
        assert queue["Properties"]["SqsManagedSseEnabled"] is True


def test_alarms_are_about_everything_that_can_fail_and_reach_the_topic(prod: Synthesized) -> None:
    alarms = [each["Properties"] for each in prod.find("CloudWatch::Alarm")]
    metrics = {each["MetricName"] for each in alarms}
    assert {"5XXError", "Errors", "IteratorAge", "ApproximateNumberOfMessagesVisible"} <= metrics
    assert {f"{job.name}-failed" for job in CATALOG.jobs} <= metrics
    assert all(each["AlarmActions"] for each in alarms)
    assert len([each for each in alarms if each["MetricName"] == "Errors"]) == len(
        CATALOG.jobs + CATALOG.stream_reactions + CATALOG.entry_dispatches
    )


def test_each_call_of_the_journal_watch_is_an_alarm(prod: Synthesized) -> None:
    (alarm,) = (
        each["Properties"]
        for each in prod.find("CloudWatch::Alarm")
        if each["Properties"]["MetricName"] == "Invocations"
    )
    (watch,) = CATALOG.journal_watches
    (dimension,) = alarm["Dimensions"]
    function_id = dimension["Value"]["Ref"]
    function = prod.templates["reactions"]["Resources"][function_id]["Properties"]
    assert function["FunctionName"] == f"rollcall-{watch.name}"
    assert (alarm["Threshold"], alarm["Statistic"]) == (1, "Sum")


def test_signing_keys_are_in_a_table_without_a_stream(prod: Synthesized) -> None:
    main, keys = prod.find("DynamoDB::Table", "data")
    assert "StreamSpecification" in main["Properties"]
    assert "StreamSpecification" not in keys["Properties"]
    declared = create_key_table_parameters("")
    del declared["TableName"]
    assert {name: keys["Properties"][name] for name in declared} == declared


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=each_name)
def test_policy_of_a_role_fits_into_its_quota(prod: Synthesized, declaration: Declaration) -> None:
    # The references are longer than the ARNs that they become.
    policy = {"Version": "2012-10-17", "Statement": prod.statements(declaration)}
    assert len(json.dumps(policy, separators=(",", ":"))) <= 10_240


def test_roles_of_gateway_and_scheduler_are_for_this_account(prod: Synthesized) -> None:
    account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (trust,) = invoker(prod)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEqualsIfExists": account}
    assumed = [
        statement
        for role in prod.find("IAM::Role")
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"]["Service"] == "scheduler.amazonaws.com"
    ]
    assert len(assumed) == len(CATALOG.jobs)
    assert all(each["Condition"] == {"StringEquals": account} for each in assumed)


def test_deployment_reactions_run_again_when_the_code_or_the_admin_changes(
    prod: Synthesized,
) -> None:
    runs = [each["Properties"] for each in prod.find("CloudFormation::CustomResource", "reactions")]
    assert len(runs) == len(CATALOG.deployment_reactions)
    for run in runs:
        assert run["firstAdminEmail"] == EMAIL
        assert run["keyTable"]
    # An edit of the shared code is another version of its layer, and so is a new DuckDB.
    assert sorted(len(run["layers"]) for run in runs) == [2, 3]
    codes = {FileSystem.fingerprint(str(build_function(e))) for e in CATALOG.deployment_reactions}
    assert {run["code"] for run in runs} == codes
    timeouts = sorted(int(run["ServiceTimeout"]) for run in runs)
    assert timeouts == [360, 3 * 900 + 180]


def test_functions_are_deployed_after_what_a_deployment_prepares_for_them(
    prod: Synthesized,
) -> None:
    nested = prod.templates["api"]["Resources"]
    stacks = {k: v for k, v in nested.items() if v["Type"] == "AWS::CloudFormation::Stack"}
    (preparing,) = (name for name in stacks if name.startswith("reactions"))
    for name, stack in stacks.items():
        assert (preparing in stack.get("DependsOn", [])) == (name != preparing), name


def test_functions_are_in_the_stacks_that_they_were_first_deployed_in(prod: Synthesized) -> None:
    placed = read_placement()
    for stack in prod.templates.keys() - {"data", "api"}:
        for function in prod.find("Lambda::Function", stack):
            name = function["Properties"]["FunctionName"].removeprefix("rollcall-")
            assert placed[name] == stack


def test_role_for_logs_of_the_account_is_set_only_when_asked(
    prod: Synthesized, other: Synthesized
) -> None:
    assert not prod.find("ApiGateway::Account")
    assert other.only("ApiGateway::Account")["DeletionPolicy"] == "Retain"
    for synthesized in (prod, other):
        assert synthesized.only("ApiGateway::Stage")["Properties"]["AccessLogSetting"]


def test_pool_has_the_plan_of_the_settings(prod: Synthesized, tmp_path: Path) -> None:
    plus = synthesize_data(tmp_path, cognitoPlan="plus")
    expected = ((prod, "LITE", None), (plus, "PLUS", "AUDIT"))
    for synthesized, tier, threats in expected:
        pool = synthesized.only("Cognito::UserPool")["Properties"]
        assert pool["UserPoolTier"] == tier
        assert pool.get("UserPoolAddOns", {}).get("AdvancedSecurityMode") == threats
        # So that a pool can change to Lite, which accepts no other version.
        assert pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] == "V1_0"
        # Lite has no history of passwords.
        assert "PasswordHistorySize" not in pool["Policies"]["PasswordPolicy"]


def test_guard_runs_before_anything_of_the_user_pool_changes(
    prod: Synthesized, other: Synthesized
) -> None:
    for synthesized, pool in ((prod, "own"), (other, "eu-west-1_Existing")):
        resources = synthesized.templates["data"]["Resources"]
        (run_id,) = (
            name
            for name, each in resources.items()
            if each["Type"] == "AWS::CloudFormation::CustomResource"
        )
        properties = resources[run_id]["Properties"]
        assert (properties["prefix"], properties["userPoolId"]) == ("rollcall", pool)
        assert properties["tableName"] == {"Ref": "Table"}
        assert properties["replaces"] == []
        guarded = ("AWS::Cognito::", "AWS::Lambda::Permission")
        for name, each in resources.items():
            if each["Type"].startswith(guarded):
                depends = each["DependsOn"]
                assert run_id in ([depends] if isinstance(depends, str) else depends), name


def test_synthesis_writes_what_is_deployed(prod: Synthesized) -> None:
    written = json.loads((prod.folder / "rollcall.cdx.json").read_text())
    names = {each["name"] for each in written["components"]}
    assert names >= {each["Properties"]["FunctionName"] for each in prod.find("Lambda::Function")}


def test_templates_pass_cfn_lint(prod: Synthesized, other: Synthesized) -> None:
    files = [*prod.folder.glob("*.template.json"), *other.folder.glob("*.template.json")]
    areas = {each.area for each in CATALOG.declarations}
    assert len(files) == 2 * (2 + len(areas))
    assert not lint(files)


def test_finding_that_nobody_acknowledged_fails_the_synthesis(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    sqs.Queue(Stack(app, "stack"), "queue")
    add_checks(app)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert "AwsSolutions-SQS4" in (tmp_path / "validation-report.json").read_text()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stage": "test"}, "stage"),
        ({"architecture": "arm"}, "architecture"),
        ({"prefix": "Roll call"}, "prefix"),
        ({"serviceClients": "order-desk"}, "serviceClients\n.*This is not JSON"),
        ({"serviceClients": "[]"}, "serviceClients\n.*valid dictionary"),
        ({"serviceClients": {"Order desk": {"scopes": ["users"]}}}, "serviceClients.Order desk"),
        ({"serviceClients": {"order-desk": ["users"]}}, "serviceClients.order-desk\n.*an object"),
        (
            {"serviceClients": {"desk": {"scopes": ["resources"], "resourceTypes": ["invoice"]}}},
            "serviceClients.desk: the type invoice does not exist",
        ),
        (
            {"serviceClients": SERVICES, "prefix": "my-aws-users"},
            "no domain with aws in it",
        ),
        ({"tableName": "my table"}, "tableName\n.*match pattern"),
        ({"userPoolDomain": "auth.example.com"}, "Give userPoolId too"),
        (
            {"userPoolId": "eu-west-1_Existing", "userPoolDomain": "https://auth.example.com"},
            "userPoolDomain",
        ),
        ({"resourceTypes": "invoice=keep"}, "resourceTypes\n.*one of cascade, orphan, refuse"),
        ({"resourceTypes": "workspace=cascade"}, "resourceTypes\n.*workspace is built in"),
        ({"uniqueIdPattern": "EMP-##"}, "uniqueIdPattern\n.*at least 4 # or ?"),
        ({"uniqueIdPattern": "EMP #####"}, "uniqueIdPattern\n.*match pattern"),
        ({"mailSender": "Rollcall"}, "mailSender\n.*one plain email address"),
        (
            {"mailSender": "a@example.com\nBcc: b@example.com"},
            "mailSender\n.*cannot contain line breaks",
        ),
        ({"mailConfigurationSet": "shared"}, "Give mailSender too"),
        (
            {"mailSender": "a@example.com", "mailConfigurationSet": "a b"},
            "mailConfigurationSet\n",
        ),
        ({"mailTemplates": "infra"}, "mailTemplates\n.*is not the name of a template"),
        ({"mailTemplates": "nowhere"}, "mailTemplates\n.*nowhere is not a folder"),
        ({"loginUrl": "javascript:alert(1)"}, "loginUrl\n.*match pattern"),
        ({"cleanUpSchedule": "rate(1 day)"}, "cleanUpSchedule\n.*Write a schedule as cron"),
        ({"passwordMinimumLength": "7"}, "passwordMinimumLength\n.*greater than or equal to 8"),
        ({"passwordMinimumLength": "100"}, "passwordMinimumLength\n.*less than or equal to 99"),
        ({"factsFreshDays": "0"}, "factsFreshDays\n.*greater than or equal to 1"),
        ({"freshSignInMinutes": "0"}, "freshSignInMinutes\n.*greater than or equal to 1"),
        ({"mfa": "sometimes"}, "mfa\n.*required-for-admins"),
        ({"mfa": "required", "userPoolId": "eu-west-1_Existing"}, "mfa=required is a setting of"),
        ({"mfa": "off", "userPoolId": "eu-west-1_Existing"}, "mfa=off is a setting of"),
        ({"invitationUrl": "http://app.example.com"}, "invitationUrl\n.*match pattern"),
        ({"invitationUrl": "https://app.example.com/{token}"}, "invitationUrl\n.*behind the #"),
        ({"allowedOrigin": "console.example.com"}, "allowedOrigin\n.*not an origin"),
        ({"requestsPerAddress": 9}, "requestsPerAddress\n.*greater than or equal to 10"),
        ({"publicRequestsPerAddress": 9}, "publicRequestsPerAddress\n.*equal to 10"),
        ({"publicRequestsPerAddress": 2_000_000_001}, "publicRequestsPerAddress\n.*less than"),
        ({"reservedConcurrency": -1}, "reservedConcurrency\n.*greater than or equal to 0"),
        ({"reservedConcurrency": 1001}, "reservedConcurrency\n.*less than or equal to 1000"),
        ({"allowRegistration": "perhaps"}, "allowRegistration\n.*boolean"),
        ({"cognitoPlan": "free"}, "cognitoPlan\n.*lite"),
        ({"mailSendr": "a@example.com"}, "mailSendr\n.*not permitted"),
    ],
    ids=str,
)
def test_wrong_setting_is_refused_by_name(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Deployment.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "configuration", "factors"),
    [
        ({"mfa": "off"}, "OFF", None),
        ({"mfa": "required"}, "ON", ["SOFTWARE_TOKEN_MFA"]),
        ({"mfa": "required-for-admins"}, "OPTIONAL", ["SOFTWARE_TOKEN_MFA"]),
    ],
)
def test_pool_asks_for_a_second_factor_as_the_settings_say(
    tmp_path: Path, settings: dict[str, Any], configuration: str, factors: list[str] | None
) -> None:
    made = synthesize_data(tmp_path, **settings)

    properties = made.only("Cognito::UserPool")["Properties"]
    assert (properties["MfaConfiguration"], properties.get("EnabledMfas")) == (
        configuration,
        factors,
    )
    policies = made.find("IAM::Policy")
    assert len(policies) == (settings["mfa"] == "required-for-admins")
    for policy in policies:
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Action"] == "cognito-idp:AdminGetUser"
        assert statement["Resource"] == {"Fn::GetAtt": ["UserPool", "Arn"]}


def test_pool_leaves_the_second_factor_to_each_user_by_default(prod: Synthesized) -> None:
    properties = prod.only("Cognito::UserPool")["Properties"]
    assert properties["MfaConfiguration"] == "OPTIONAL"
    assert properties["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert not [each for each in prod.find("IAM::Policy") if "AdminGetUser" in json.dumps(each)]


def make_operations(count: int) -> Iterator[Any]:
    """So many operations, all in the area that has most."""
    real = [each for each in CATALOG.operations if each.area == "users"]
    for number in range(count):
        model = real[number % len(real)]
        yield replace(model, name=f"{model.name}_{number}", path=f"{model.path}/v{number}")


def test_eighty_operations_fit_into_the_stacks(tmp_path: Path) -> None:
    eighty = CATALOG._replace(operations=tuple(make_operations(80)))

    synthesized = synthesize(tmp_path, eighty)

    sizes = {name: len(each["Resources"]) for name, each in synthesized.templates.items()}
    assert sizes["users"] >= 3 * 80
    assert max(sizes.values()) < 400, sizes  # CloudFormation allows 500
    for file in tmp_path.glob("*.template.json"):
        assert file.stat().st_size < 800_000, file.name  # CloudFormation allows 1 MB
    (policy,) = invoker(synthesized)["Policies"]
    document = json.dumps(resolve(policy["PolicyDocument"]), separators=(",", ":"))
    assert len(document) <= 10_240  # IAM's quota for the inline policies of a role
