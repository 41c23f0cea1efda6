"""The software bill of materials: what the functions run, by name, version, license and hash."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from importlib.metadata import distributions
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from rollcall.kit.declaration import Declaration
from rollcall_infra.catalog import read_catalog
from rollcall_infra.deployment import Deployment
from rollcall_infra.layers import (
    LAYERS,
    ROOT,
    build_function,
    build_package_layer,
    build_shared_layer,
)
from rollcall_infra.sbom import write_sbom

pytestmark = pytest.mark.xdist_group("stacks")
"""It needs the same layers."""

CATALOG = read_catalog()
PACKAGE_LAYERS = sorted(each.parent.name for each in LAYERS.glob("*/requirements.txt"))


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document as written."""
    file = tmp_path_factory.mktemp("sbom") / "rollcall.cdx.json"
    write_sbom(file, CATALOG, Deployment())
    written: dict[str, Any] = json.loads(file.read_text())
    return written


def components(sbom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components by reference."""
    return {each["bom-ref"]: each for each in sbom["components"]}


def parts(sbom: dict[str, Any], reference: str) -> set[str]:
    """The references that a component depends on directly."""
    (found,) = (each for each in sbom["dependencies"] if each["ref"] == reference)
    return set(found.get("dependsOn", ()))


def hashes(component: dict[str, Any]) -> list[str]:
    """The SHA-256 hashes of a component."""
    return [each["content"] for each in component.get("hashes", ()) if each["alg"] == "SHA-256"]


def test_document_follows_the_schema_of_cyclonedx(sbom: dict[str, Any]) -> None:
    schemas = files("cyclonedx.schema") / "_res"

    def read(name: str) -> Any:
        return json.loads((schemas / name.rpartition("/")[2]).read_text())

    validator = jsonschema_rs.validator_for(
        read("bom-1.6.SNAPSHOT.schema.json"), retriever=read, validate_formats=True
    )
    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert [str(each) for each in validator.iter_errors(sbom)] == []


@pytest.mark.parametrize("layer", PACKAGE_LAYERS)
def test_every_package_of_a_layer_is_listed_with_what_identifies_it(
    sbom: dict[str, Any], layer: str
) -> None:
    folder = build_package_layer(layer, Deployment().architecture)
    installed = {
        (re.sub("[-_.]+", "-", each.name).lower(), each.version)
        for each in distributions(path=[str(folder / "python")])
    }
    lock = (LAYERS / layer / "requirements.txt").read_text()
    assert installed == set(re.findall(r"^(\S+)==(\S+)", lock, re.M))

    listed = [components(sbom)[each] for each in parts(sbom, f"layer {layer}")]
    assert {(each["name"], each["version"]) for each in listed} == installed
    for each in listed:
        (entry,) = re.findall(rf"^{each['name']}==.*\n(?:    --hash=.*\n)+", lock, re.M)
        assert hashes(each) == sorted(re.findall("sha256:([0-9a-f]{64})", entry)) != []
        assert each["licenses"]
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert all(names_of(licensed) for licensed in each["licenses"])


def names_of(licensed: dict[str, Any]) -> str:
    """What a license is called."""
    described = licensed.get("license", {})
    return str(licensed.get("expression") or described.get("id") or described.get("name") or "")


@pytest.mark.parametrize(
    ("package", "licenses"),
    [
        ("pydantic", {"MIT"}),  # an SPDX expression
        ("botocore", {"Apache-2.0"}),  # the older field
        ("duckdb", {"MIT License"}),  # only a classifier
        ("python-dateutil", {"BSD License", "Apache Software License"}),  # and no SPDX name
    ],
)
def test_license_is_what_the_packages_metadata_says(
    sbom: dict[str, Any], package: str, licenses: set[str]
) -> None:
    (found,) = (each for each in sbom["components"] if each["name"] == package)
    assert {names_of(each) for each in found["licenses"]} == licenses


@pytest.mark.parametrize("declaration", CATALOG.declarations, ids=lambda each: each.name)
def test_function_is_listed_with_its_file_and_its_layers(
    sbom: dict[str, Any], declaration: Declaration
) -> None:
    name = f"rollcall-{declaration.name}"
    (file,) = build_function(declaration).glob("*.py")
    assert hashes(components(sbom)[name]) == [sha256(file.read_bytes()).hexdigest()]
    layers = ("vendor", "shared", *declaration.layers)
    assert parts(sbom, name) == {f"layer {each}" for each in layers}
    assert name in parts(sbom, "rollcall")


def test_every_file_of_the_shared_code_is_listed_with_its_hash(sbom: dict[str, Any]) -> None:
    folder = build_shared_layer()
    deployed = {
        str(each.relative_to(folder)): [sha256(each.read_bytes()).hexdigest()]
        for each in folder.rglob("*")
        if each.is_file() and each.suffix != ".pyc"
    }
    listed = [components(sbom)[each] for each in parts(sbom, "layer shared")]
    assert {each["name"]: hashes(each) for each in listed} == deployed
    assert "python/rollcall/kit/table.py" in deployed


def test_version_and_license_are_those_of_the_project(sbom: dict[str, Any]) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    ours = [sbom["metadata"]["component"], *(e for e in sbom["components"] if "purl" not in e)]
    for each in ours:
        assert f'version = "{each["version"]}"' in project
        (licensed,) = each["licenses"]
        assert f'license = "{licensed["license"]["id"]}"' in project
