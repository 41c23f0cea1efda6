"""The construct in the CDK app of somebody else, from an installed wheel."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rollcall_infra.bundle import BUILD, ROOT
from tests.installed import Installation, install_wheel
from tests.test_documentation import FENCE

pytestmark = pytest.mark.xdist_group("stacks")
"""It needs the same layers."""

EXAMPLE = ROOT / "tests" / "example"
UNTAGGED = frozenset(
    {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::Deployment",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolResourceServer",
        "AWS::CloudFormation::CustomResource",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Logs::MetricFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
    }
)
"""The types of resources that CloudFormation cannot tag (CloudFormation template reference)."""

ADDED = """
from aws_cdk import CfnOutput
from rollcall_infra.checks import add_checks

CfnOutput(shop, "ApiUrl", value=users.api_url)
CfnOutput(shop, "UserPoolId", value=users.user_pool_id)
CfnOutput(shop, "ClientId", value=users.client_id)
CfnOutput(shop, "TableArn", value=users.table.table_arn)
CfnOutput(shop, "TableName", value=users.table.table_name)
CfnOutput(shop, "AlarmTopic", value=users.alarm_topic.topic_arn)
CfnOutput(shop, "DomainTarget", value=users.domain_name.domain_name_alias_domain_name)
add_checks(app)
app.synth()
"""
"""Uses what the construct offers in the stack around it."""

type Resource = dict[str, Any]


class Synthesized(NamedTuple):
    """What the example of the README is synthesized to."""

    templates: dict[str, dict[str, Any]]
    """By file name, those of Rollcall."""
    stacks: dict[str, str]
    """Templates of stacks by the stacks' names."""
    environments: set[str]
    """The accounts and regions of the stacks."""
    folder: Path

    def resources(self) -> Iterator[Resource]:
        """All resources of Rollcall."""
        return (each for one in self.templates.values() for each in one["Resources"].values())

    def find(self, kind: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type."""
        return [each["Properties"] for each in self.resources() if each["Type"] == f"AWS::{kind}"]

    def stack(self, name: str) -> dict[str, Any]:
        """The template of a stack."""
        return self.templates[self.stacks[name]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A project with the example's functions and the README's app, and the layers built before."""
    made = install_wheel(tmp_path_factory.mktemp("installed"))
    shutil.copytree(EXAMPLE / "functions", made.project / "functions")
    (made.project / "cdk.out").mkdir()
    BUILD.mkdir(exist_ok=True)
    (made.project / "cdk.out" / "rollcall").symlink_to(BUILD)
    return made


@pytest.fixture(scope="module")
def synthesized(installed: Installation) -> Synthesized:
    """The README's example, run with the wheel, with cdk-nag and the attributes as outputs."""
    section = (ROOT / "infra" / "README.md").read_text().partition("## Use it in your own CDK")[2]
    example = next(each["code"] for each in FENCE.finditer(section))
    assert example.endswith("\napp.synth()\n")
    (installed.project / "app.py").write_text(example.replace("app.synth()\n", ADDED))
    folder = installed.project / "cdk.out"
    settings = {"CDK_OUTDIR": str(folder), "CDK_VALIDATION": "false"}

    done = installed.run("app.py", **settings)

    unacknowledged = find_violations(folder / "validation-report.json")
    assert unacknowledged or done.returncode == 0, done.stderr
    # The pool belongs to the caller. Each finding about Rollcall is acknowledged.
    assert not [each for each in unacknowledged if "/Users/" in each], unacknowledged
    manifest = json.loads((folder / "manifest.json").read_text())["artifacts"]
    made = {
        name: each for name, each in manifest.items() if each["type"] == "aws:cloudformation:stack"
    }
    stacks = {
        each["properties"].get("stackName", name): each["properties"]["templateFile"]
        for name, each in made.items()
    }
    environments = {each["environment"] for each in made.values()}
    ours = {file.name: json.loads(file.read_text()) for file in folder.glob("*Users*template.json")}
    return Synthesized(ours, stacks, environments, folder)


def find_violations(report: Path) -> set[str]:
    """The constructs that cdk-nag found something about."""
    return set(re.findall(r'"constructPath": "([^"]+)"', report.read_text()))


def test_wheel_serves_outside_of_the_repository(installed: Installation) -> None:
    code = "import sys; from rollcall_infra.local.cli import main; sys.exit(main(sys.argv[1:]))"

    listed = installed.run("-c", code, "operations", "--functions", "functions")

    assert (listed.returncode, listed.stderr) == (0, "")
    names = {line.split()[3] for line in listed.stdout.splitlines()}
    assert {"create_user", "award_badge", "list_badges"} <= names
    places = installed.run("-c", "import rollcall, rollcall_infra; print(rollcall.__file__)")
    assert Path(places.stdout).is_relative_to(installed.packages)
    names_taken = {each.name for each in installed.packages.glob("*/")}
    assert {name for name in names_taken if not name.endswith(".dist-info")} == {
        "rollcall",
        "rollcall_infra",
    }


def test_app_of_somebody_else_holds_both_stacks_and_own_functions(
    synthesized: Synthesized,
) -> None:
    assert set(synthesized.stacks) == {"accounts", "shop", "shop-users-data", "shop-users-api"}
    names = {each["FunctionName"] for each in synthesized.find("Lambda::Function")}
    assert {"shop-users-create_user", "shop-users-award_badge"} <= names
    tables = [each.get("TableName") for each in synthesized.find("DynamoDB::Table")]
    assert tables == ["shop-users", None]
    assert not synthesized.find("Cognito::UserPool")
    assert synthesized.environments == {"aws://111122223333/eu-west-1"}
    assert (synthesized.folder / "shop-users.cdx.json").exists()


def test_own_function_has_its_route_and_a_policy_for_its_own_entity(
    synthesized: Synthesized,
) -> None:
    (api,) = synthesized.find("ApiGateway::RestApi")
    route = api["Body"]["paths"]["/admin/users/{userId}/badges"]
    assert {route[method]["operationId"] for method in ("get", "post")} == {
        "list_badges",
        "award_badge",
    }
    functions = {each["FunctionName"]: each for each in synthesized.find("Lambda::Function")}
    role_id = functions["shop-users-award_badge"]["Role"]["Fn::GetAtt"][0]
    (role,) = (
        each["Resources"][role_id]["Properties"]
        for each in synthesized.templates.values()
        if role_id in each["Resources"]
    )
    (policy,) = role["Policies"]
    writing = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if "SHOP-BADGE#*" in json.dumps(statement) and "dynamodb:PutItem" in statement["Action"]
    ]
    assert writing
    for statement in writing:
        keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert keys == ["SHOP-BADGE#*"]


def test_own_function_is_deployed_with_the_packages_of_its_folder(
    synthesized: Synthesized,
) -> None:
    files = {
        str(file.relative_to(asset))
        for asset in synthesized.folder.glob("asset.*")
        if (asset / "award_badge.py").exists()
        for file in asset.rglob("*.py")
    }
    assert files == {"award_badge.py", "shop/__init__.py", "shop/badge.py"}
    written = json.loads((synthesized.folder / "shop-users.cdx.json").read_text())
    assert "shop/badge.py" in {each["name"] for each in written["components"]}


def test_every_role_has_the_boundary(synthesized: Synthesized) -> None:
    roles = synthesized.find("IAM::Role")
    functions = synthesized.find("Lambda::Function")
    assert len(roles) > len(functions)  # also those of the gateway, its logs and the schedules
    assert all("policy/developer" in str(each["PermissionsBoundary"]) for each in roles)
    assert not synthesized.find("IAM::User")


def test_every_resource_that_can_have_tags_has_those_of_the_app(synthesized: Synthesized) -> None:
    untagged = {
        each["Type"]
        for each in synthesized.resources()
        if '"team"' not in json.dumps(each.get("Properties", {}).get("Tags", []))
    }
    assert untagged <= UNTAGGED
    assert {"AWS::IAM::Role", "AWS::Logs::LogGroup"}.isdisjoint(untagged)


def test_domain_leads_to_the_api_with_modern_tls_only(synthesized: Synthesized) -> None:
    (domain,) = synthesized.find("ApiGateway::DomainName")
    assert (domain["DomainName"], domain["SecurityPolicy"]) == ("users.example.com", "TLS_1_2")
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    (mapping,) = synthesized.find("ApiGateway::BasePathMapping")
    assert "BasePath" not in mapping
    outputs = synthesized.stack("shop-users-api")["Outputs"]
    assert outputs["ApiUrl"]["Value"] == "https://users.example.com"
    assert "RegionalDomainName" in json.dumps(outputs["DomainTarget"])


def test_pool_of_another_stack_is_the_one_of_all_functions_and_of_the_authorizer(
    synthesized: Synthesized,
) -> None:
    imported = json.dumps(synthesized.stack("shop-users-data"))
    assert re.search(r'"Fn::ImportValue": "accounts:ExportsOutputRefPool\w+"', imported)
    outputs = synthesized.stack("shop-users-data")["Outputs"]
    assert "PreTokenGenerationTrigger" in outputs
    (api,) = synthesized.find("ApiGateway::RestApi")
    schemes = api["Body"]["components"]["securitySchemes"]
    assert "accounts:ExportsOutputRefPool" in json.dumps(schemes)


def test_stack_around_the_construct_refers_to_what_it_offers(synthesized: Synthesized) -> None:
    template = json.loads((synthesized.folder / "shop.template.json").read_text())
    outputs = {name: json.dumps(each["Value"]) for name, each in template["Outputs"].items()}
    assert outputs["ApiUrl"] == '"https://users.example.com"'
    sources = {
        "UserPoolId": "accounts:",
        "ClientId": "shop-users-data:",
        "TableArn": "shop-users-data:",
        "TableName": "shop-users-data:",
        "AlarmTopic": "shop-users-api:",
        "DomainTarget": "shop-users-api:",
    }
    for name, stack in sources.items():
        assert stack in outputs[name], name
