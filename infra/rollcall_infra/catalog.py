"""All declarations, ours and those of further folders: the source of everything that is generated.

A folder has one folder per area, with one file per function: ``<area>/<name>.py``. What several of
its functions need is in packages beside the areas, which have an ``__init__.py``: each function of
the folder is deployed with them, and imports them by their names.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from rollcall.kit.declaration import Declaration
from rollcall.kit.delivery import Subscriptions
from rollcall.kit.dispatch import EntryDispatch
from rollcall.kit.entity import Entity
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.job import Job
from rollcall.kit.mail_event import MailEventReaction
from rollcall.kit.operation import PATH_VARIABLE, Operation
from rollcall.kit.reaction import (
    CognitoReaction,
    DeploymentGuard,
    DeploymentReaction,
    JournalWatch,
    StreamReaction,
)
from rollcall_infra.bundle import FUNCTIONS, FUNCTIONS_PACKAGE

NAME_AT_MOST = 43
"""A function's name has 64 characters (Lambda API, CreateFunction), 21 of them for a prefix."""
SUMMARY_AT_MOST = 256
"""The longest description of a function (Lambda API, CreateFunction)."""


class Catalog(NamedTuple):
    """The declarations by kind, each sorted by area and name."""

    operations: tuple[Operation[Any, Any], ...]
    jobs: tuple[Job[Any], ...]
    stream_reactions: tuple[StreamReaction, ...]
    cognito_reactions: tuple[CognitoReaction, ...]
    deployment_reactions: tuple[DeploymentReaction, ...]
    deployment_guards: tuple[DeploymentGuard, ...]
    journal_watches: tuple[JournalWatch, ...]
    mail_event_reactions: tuple[MailEventReaction, ...]
    entry_dispatches: tuple[EntryDispatch, ...]

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The declarations of all kinds."""
        return tuple(each for kind in self for each in kind)

    @property
    def subscriptions(self) -> Subscriptions:
        """What each stream reaction reacts to, by its name."""
        return {each.name: each.kinds for each in self.stream_reactions}


@cache
def read_catalog(*folders: Path) -> Catalog:
    """Import every function of ours and of these folders, and collect the declarations.

    Raises WrongDeclaration, with the solution, for a folder without functions, for a file without a
    declaration, for a reaction that receives no entries, and for what two functions, entities or
    packages cannot both have: a name, a route, a trigger of the user pool, a partition of the
    table.
    """
    found = [each for folder in (FUNCTIONS, *folders) for each in _read_folder(folder.absolute())]
    found.sort(key=lambda each: (each.area, each.name))
    catalog = Catalog(
        operations=_of_kind(Operation, found),
        jobs=_of_kind(Job, found),
        stream_reactions=_of_kind(StreamReaction, found),
        cognito_reactions=_of_kind(CognitoReaction, found),
        deployment_reactions=_of_kind(DeploymentReaction, found),
        deployment_guards=_of_kind(DeploymentGuard, found),
        journal_watches=_of_kind(JournalWatch, found),
        mail_event_reactions=_of_kind(MailEventReaction, found),
        entry_dispatches=_of_kind(EntryDispatch, found),
    )
    check_unique(catalog)
    check_dispatched(catalog)
    return catalog


def check_dispatched(catalog: Catalog) -> None:
    """Raise WrongDeclaration for a second dispatch, because a stream has at most two readers, and
    for a reaction that no dispatch invokes.
    """
    names = [each.name for each in catalog.entry_dispatches]
    if len(names) > 1:
        raise WrongDeclaration(f"{' and '.join(names)} both dispatch entries. Keep one of them.")
    areas = {each.area for each in catalog.entry_dispatches}
    for reaction in catalog.stream_reactions:
        if reaction.area not in areas:
            raise WrongDeclaration(
                f"{reaction.name} is in a folder {reaction.area}, where nothing dispatches journal "
                "entries. Move it to a folder reactions."
            )


def _of_kind[D: Declaration](kind: type[D], found: list[Declaration]) -> tuple[D, ...]:
    return tuple(each for each in found if isinstance(each, kind))


def check_unique(catalog: Catalog) -> None:
    """Raise WrongDeclaration for a duplicate name, route or trigger, and for two entities that
    share a kind or a partition.
    """
    names: dict[str, Declaration] = {}
    for declaration in catalog.declarations:
        other = names.setdefault(declaration.name, declaration)
        if other is not declaration:
            raise WrongDeclaration(
                f"{declaration.name} is in {_tell_apart(other, declaration)}. Rename one: "
                "names of functions are unique across areas."
            )
    routes: dict[str, str] = {}
    for operation in catalog.operations:
        route = f"{operation.method} {operation.path}"
        # The gateway routes by position: the names of variables do not distinguish two routes.
        first = routes.setdefault(PATH_VARIABLE.sub("{}", route), operation.name)
        if first != operation.name:
            raise WrongDeclaration(
                f"{operation.name} and {first} both have the route {route}. Change one."
            )
    triggers: dict[str, str] = {}
    for reaction in catalog.cognito_reactions:
        first = triggers.setdefault(reaction.trigger, reaction.name)
        if first != reaction.name:
            raise WrongDeclaration(
                f"{reaction.name} and {first} are both the trigger {reaction.trigger}. A user pool "
                "has one of each kind: remove one."
            )
    _check_entities(catalog.declarations)


def _tell_apart(first: Declaration, second: Declaration) -> str:
    if first.area != second.area:
        return f"{first.area} and in {second.area}"
    return f"{find_source(first).parent} and in {find_source(second).parent}"


def _check_entities(declarations: Iterable[Declaration]) -> None:
    """Policies name partitions, and the journal names kinds: entities that share one could be read
    and written through each other's functions. Guests are stored with another entity on purpose.
    """
    touched = {each for one in declarations for each in (*one.reads, *one.writes, *one.principals)}
    entities = [each for each in touched if issubclass(each, Entity) and hasattr(each, "kind")]
    entities.sort(key=lambda each: (each.__module__, each.__name__))
    for first, second in combinations(entities, 2):
        if first.kind == second.kind:
            raise WrongDeclaration(
                f"{first.__name__} and {second.__name__} both have the kind {first.kind!r}. "
                "Rename one."
            )
        shared = first.partition.startswith(second.partition) or second.partition.startswith(
            first.partition
        )
        if shared and not (first.guest or second.guest):
            raise WrongDeclaration(
                f"{first.__name__} and {second.__name__} share a partition of the table, because "
                f"{first.partition!r} and {second.partition!r} begin alike. Change one."
            )


def _read_folder(folder: Path) -> Iterator[Declaration]:
    packages = find_packages(folder)
    files = [file for file in sorted(folder.glob("*/*.py")) if file.parent not in packages]
    if not files:
        raise WrongDeclaration(
            f"{folder} has no functions. Name a folder with files such as <area>/<name>.py."
        )
    for package in packages:
        _make_importable(package)
    namespace = _name_space(folder)
    for file in files:
        yield read_declaration(file, namespace)


def find_packages(folder: Path) -> list[Path]:
    """The packages that the functions of a folder share."""
    return [file.parent for file in sorted(folder.glob("*/__init__.py"))]


def _make_importable(package: Path) -> None:
    if str(package.parent) not in sys.path:
        sys.path.append(str(package.parent))
        importlib.invalidate_caches()
    spec = find_spec(package.name)
    if spec is None or spec.origin is None or Path(spec.origin).parent != package:
        raise WrongDeclaration(
            f"{package} has the name of another package, {spec and spec.origin}. Rename one: "
            "functions import their packages by name."
        )


def _name_space(folder: Path) -> str:
    """The name of the package that the areas of a folder are imported from, different for each
    folder: two folders can have areas with the same name.
    """
    if folder == FUNCTIONS:
        return FUNCTIONS_PACKAGE
    name = f"functions_{sha256(str(folder).encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        spec = ModuleSpec(name, loader=None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[name] = module_from_spec(spec)
    return name


def read_declaration(file: Path, namespace: str = FUNCTIONS_PACKAGE) -> Declaration:
    """The declaration of one file. Raises WrongDeclaration with the solution."""
    area, name = file.parent.name, file.stem
    if not area.isidentifier():
        raise WrongDeclaration(
            f"{file.parent} is not the name of a package. Rename it: areas have lower-case letters "
            "and underscores."
        )
    module = importlib.import_module(f"{namespace}.{area}.{name}")
    declared = getattr(module, name, None)
    if not isinstance(declared, Declaration):
        raise WrongDeclaration(
            f"{file.parents[1].name}/{area}/{file.name} has no declaration {name}. "
            f"Decorate a function {name} with @operation, @job or one of the reactions."
        )
    if len(name) > NAME_AT_MOST:
        raise WrongDeclaration(
            f"{file} has a name of {len(name)} characters. Shorten it to {NAME_AT_MOST}, so that "
            "Lambda accepts it with a prefix."
        )
    if len(declared.summary) > SUMMARY_AT_MOST:
        raise WrongDeclaration(
            f"{file} has a summary of {len(declared.summary)} characters, the first paragraph of "
            f"its docstring. Shorten it to {SUMMARY_AT_MOST}, which is what Lambda accepts."
        )
    return declared


def find_source(declaration: Declaration) -> Path:
    """The file of a declaration."""
    return Path(str(sys.modules[declaration.module].__file__))
