"""Environments: one file each, checked before anything is deployed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from rollcall_infra.deployment import Deployment
from rollcall_infra.environments import (
    ENVIRONMENTS,
    SCHEMA,
    WrongEnvironment,
    build_schema,
    choose_environment,
    read_environment,
    read_local_environment,
    setting_names,
)

ROOT = ENVIRONMENTS.parent
COMMITTED = sorted(file.stem for file in ENVIRONMENTS.glob("*.json") if file != SCHEMA)
CDK_JSON: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())


def write(folder: Path, text: str, name: str = "trial") -> str:
    """Write an environment's file and return its name."""
    (folder / f"{name}.json").write_text(text)
    return name


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_environments_can_be_deployed(name: str) -> None:
    assert isinstance(read_environment(name), Deployment)
    assert jsonschema_rs.is_valid(
        build_schema(), json.loads((ENVIRONMENTS / f"{name}.json").read_text())
    )


def test_default_environment_exists() -> None:
    assert choose_environment(CDK_JSON["context"]) in COMMITTED


def test_file_holds_only_what_differs_from_the_defaults(tmp_path: Path) -> None:
    name = write(tmp_path, '{"$schema": "schema.json", "firstAdminEmail": "you@example.com"}')
    made = read_environment(name, tmp_path)
    assert made == Deployment(first_admin_email="you@example.com")


def test_environment_can_be_a_file_in_another_folder(tmp_path: Path) -> None:
    write(tmp_path, '{"prefix": "trial"}')
    assert read_environment(str(tmp_path / "trial.json")).prefix == "trial"


@pytest.mark.parametrize("name", ["staging", "schema", "../prod", "Prod", "", "nowhere/prod.json"])
def test_missing_environment_is_refused_with_those_that_exist(name: str, tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    for present in ("prod", "dev", "schema"):
        write(tmp_path / "environments", "{}", present)
    write(tmp_path, "{}", "prod")
    with pytest.raises(WrongEnvironment, match=r"does not exist\. Use one of: dev, prod;"):
        read_environment(name, tmp_path / "environments")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"mailSendr": "a@example.com"}', "mailSendr: This setting .* Did you mean mailSender?"),
        ('{"mail_sender": "a@example.com"}', "mail_sender: This .* Did you mean mailSender?"),
        ('{"colour": "red"}', "colour: This setting does not exist. infra/README.md lists"),
        ('{"waf": true, "waf": false}', "the key waf is in it twice"),
        ("{", "is not a JSON file"),
        ('["waf"]', "must hold one JSON object"),
        (
            '{"waf": "perhaps", "factsFreshDays": 0}',
            "factsFreshDays: .* at least 1.\n  waf: .*true",
        ),
        ('{"prefix": "Roll call"}', r"prefix: .* match pattern '\^\[a-z\]"),
        ('{"userPoolDomain": "auth.example.com"}', r"\n  userPoolDomain is the domain of an exist"),
        (
            '{"serviceClients": {"desk": {"scope": ["users"]}}}',
            "serviceClients.desk: A service has",
        ),
    ],
)
def test_wrong_file_is_refused_with_every_wrong_setting(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(WrongEnvironment, match=words) as refused:
        read_environment(write(tmp_path, text), tmp_path)
    assert "trial.json" in str(refused.value)


@pytest.mark.parametrize("key", [*setting_names(), "mailSendr", "anything"])
def test_setting_on_the_command_line_is_refused(key: str) -> None:
    """It would hold until the next deployment, which forgets it."""
    with pytest.raises(WrongEnvironment, match=rf"^-c {key}=… is not accepted.*environment's file"):
        choose_environment({"environment": "prod", key: "given"})


def test_misspelled_choice_is_refused_with_the_right_one() -> None:
    with pytest.raises(WrongEnvironment, match=r"Did you mean environment\?"):
        choose_environment({"environment": "prod", "enviroment": "dev"})
    with pytest.raises(WrongEnvironment, match="No environment is chosen"):
        choose_environment({})


def test_keys_of_the_cdk_and_of_libraries_are_accepted() -> None:
    keys = ("aws:cdk:enable-path-metadata", "@aws-cdk/core:newStyle", "cli:telemetry", "vpc:x=1")
    assert choose_environment({"environment": "dev", **dict.fromkeys(keys, True)}) == "dev"


def test_cdk_json_holds_no_settings() -> None:
    assert CDK_JSON.keys() == {"app", "context"}
    others = CDK_JSON["context"].keys() - {"environment"}
    assert all(each.startswith("@aws-cdk/") for each in others)


def test_local_rollcall_uses_the_file_local_if_there_is_one(tmp_path: Path) -> None:
    assert read_local_environment(None, tmp_path) == Deployment()
    write(tmp_path, '{"productName": "Acme"}', "local")
    write(tmp_path, '{"productName": "Other"}', "other")
    assert read_local_environment(None, tmp_path).product_name == "Acme"
    assert read_local_environment("other", tmp_path).product_name == "Other"
    with pytest.raises(WrongEnvironment, match="Use one of: local, other"):
        read_local_environment("prod", tmp_path)


def test_environments_are_read_without_the_cdk() -> None:
    """``rollcall local`` is installed without it."""
    code = (
        "import sys; from rollcall_infra.environments import read_local_environment as read; "
        "read(None); sys.exit('aws_cdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_committed_schema_is_that_of_the_settings() -> None:
    assert json.loads(SCHEMA.read_text()) == build_schema(), (
        "Write it again: .venv/bin/python -m rollcall_infra.environments"
    )


def test_schema_describes_every_setting_with_its_default() -> None:
    properties = build_schema()["properties"]
    assert set(properties) == {"$schema", *setting_names()}
    defaults = Deployment().model_dump(mode="json", by_alias=True)
    for name in setting_names():
        assert properties[name]["description"], name
        assert properties[name].get("default", {}) == defaults[name], name


def test_schema_accepts_the_example_of_the_readme_and_refuses_unknown_keys() -> None:
    readme = (ROOT / "infra" / "README.md").read_text()
    section = readme.partition("\n## Services")[2]
    (example, *_) = re.findall(r"```json\n(.*?)```", section, re.S)
    schema = jsonschema_rs.validator_for(build_schema())
    assert schema.is_valid({"serviceClients": json.loads(example)})
    assert not schema.is_valid({"serviceClient": json.loads(example)})
    assert not schema.is_valid({"serviceClients": {"desk": {"scopes": ["everything"]}}})
