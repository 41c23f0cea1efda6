"""The software bill of materials (SBOM) of a deployment, as CycloneDX JSON (ECMA-424).

It lists what the functions run: the functions, their layers, each file of the shared code, and each
third-party package of a layer. What the layers contain is read from the built folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.metadata import Distribution, distributions, version
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from rollcall.kit.declaration import Declaration
from rollcall_infra.bundle import LAYERS
from rollcall_infra.catalog import Catalog
from rollcall_infra.deployment import Deployment
from rollcall_infra.layers import build_function, build_package_layer, build_shared_layer

NAME = "rollcall"
LICENSE = "Apache-2.0"
_LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+) \\\n(?P<hashes>( +--hash=.+\n)+)", re.M)
_CLASSIFIER = "License :: OSI Approved :: "


def write_sbom(file: Path, catalog: Catalog, deployment: Deployment) -> None:
    """Write the SBOM of a deployment. Layers that are not built yet are built."""
    bom = Bom()
    product = _own(ComponentType.APPLICATION, NAME)
    bom.metadata.component = product
    further = {name for each in catalog.declarations for name in each.layers}
    layers = {name: _add_layer(bom, name, deployment) for name in ("vendor", "shared", *further)}
    functions = [_add_function(bom, each, deployment, layers) for each in catalog.declarations]
    bom.register_dependency(product, functions)
    file.write_text(JsonV1Dot6(bom).output_as_string(indent=2))


def _own(kind: ComponentType, name: str, file: Path | None = None) -> Component:
    """A component of our own code, with the SHA-256 of the file that is deployed, if it is one."""
    digest = sha256(file.read_bytes()).hexdigest() if file else None
    return Component(
        name=name,
        type=kind,
        version=version(NAME),
        bom_ref=name,
        licenses=[LicenseFactory().make_from_string(LICENSE)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else [],
    )


def _add(bom: Bom, component: Component, parts: Iterable[Component]) -> Component:
    """Add a component that depends on these parts."""
    bom.components.add(component)
    bom.register_dependency(component, parts)
    return component


def _add_function(
    bom: Bom, declaration: Declaration, deployment: Deployment, layers: dict[str, Component]
) -> Component:
    folder = build_function(declaration)
    (file,) = folder.glob("*.py")
    component = _own(ComponentType.APPLICATION, deployment.function_name(declaration.name), file)
    names = ("vendor", "shared", *declaration.layers)
    packages = (each for each in sorted(folder.glob("*/")) if each.name != "__pycache__")
    parts = [part for each in packages for part in _own_files(folder, each)]
    bom.components.update(parts)
    return _add(bom, component, [*(layers[each] for each in names), *parts])


def _own_files(folder: Path, below: Path) -> list[Component]:
    """The files of our own below a folder, named by their paths in the deployed one."""
    files = sorted(each for each in below.rglob("*") if each.is_file())
    return [
        _own(ComponentType.FILE, str(each.relative_to(folder)), each)
        for each in files
        if each.suffix != ".pyc"  # compiled from the file
    ]


def _add_layer(bom: Bom, name: str, deployment: Deployment) -> Component:
    if name == "shared":
        folder = build_shared_layer(mail_templates=deployment.own_templates)
        parts = _own_files(folder, folder)
    else:
        folder = build_package_layer(name, deployment.architecture)
        locked = _read_hashes(LAYERS / name / "requirements.txt")
        found = distributions(path=[str(folder / "python")])
        parts = [_describe_package(each, locked) for each in found]
    bom.components.update(parts)
    return _add(bom, _own(ComponentType.LIBRARY, f"layer {name}"), parts)


def _describe_package(
    package: Distribution, locked: Mapping[tuple[str, str], list[HashType]]
) -> Component:
    """A package of a layer. Its hashes are those of the archives that the lock accepts for this
    version, of which one is installed.
    """
    name = re.sub(r"[-_.]+", "-", package.name).lower()  # as the lock writes it (PEP 503)
    purl = PackageURL("pypi", name=name, version=package.version)
    return Component(
        name=name,
        type=ComponentType.LIBRARY,
        version=package.version,
        bom_ref=str(purl),
        purl=purl,
        licenses=_find_licenses(package),
        hashes=locked[name, package.version],
    )


def _find_licenses(package: Distribution) -> list[License]:
    """The licenses that a package's metadata names (Core metadata specifications): the SPDX
    expression, or what older packages have in its place.
    """
    factory, metadata = LicenseFactory(), package.metadata
    written = metadata.get("License-Expression") or metadata.get("License")
    found = factory.make_from_string(written) if written else None
    if isinstance(found, LicenseExpression) or (found and found.id):
        return [found]
    classifiers = metadata.get_all("Classifier", [])
    names = [each.removeprefix(_CLASSIFIER) for each in classifiers if _CLASSIFIER in each]
    return [factory.make_with_name(each) for each in names]


def _read_hashes(requirements: Path) -> dict[tuple[str, str], list[HashType]]:
    """The hashes in a locked file, by name and version."""
    return {
        (each["name"], each["version"]): [
            HashType(alg=HashAlgorithm.SHA_256, content=digest)
            for digest in re.findall("sha256:([0-9a-f]{64})", each["hashes"])
        ]
        for each in _LOCKED.finditer(requirements.read_text())
    }
