"""Environments: each is one file ``environments/<name>.json`` with the settings that differ from
the defaults.

    python -m rollcall_infra.environments    writes the JSON schema of these files, for editors
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from rollcall.kit.error_messages import OTHERWISE, clean, write_message
from rollcall.kit.near_misses import suggest
from rollcall_infra.deployment import Deployment

ENVIRONMENTS = Path(__file__).parents[2] / "environments"
SCHEMA_KEY = "$schema"
"""The key by which an editor finds the schema."""
SCHEMA = ENVIRONMENTS / "schema.json"
CHOICE = "environment"
"""The only context key that Rollcall reads: ``-c environment=<name>``."""
LOCAL = "local"
"""The environment of ``rollcall local``, if it has a file."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_NAMESPACED = re.compile(r".*[:/]")
"""The context keys of the CDK and of libraries, such as ``aws:cdk:…`` and ``@aws-cdk/…``."""


class WrongEnvironment(Exception):
    """An environment that cannot be used. The message says what to do."""


def read_environment(name: str, folder: Path = ENVIRONMENTS) -> Deployment:
    """The settings of an environment. ``name`` is the name of a file in the folder, or a path that
    ends in ``.json``.

    Raises WrongEnvironment, which names each wrong setting.
    """
    file = _find_file(name, folder)
    try:
        given = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_read_pairs)
    except ValueError as error:
        raise WrongEnvironment(f"{file} is not a JSON file: {error}") from None
    if not isinstance(given, dict):
        raise WrongEnvironment(f"{file} must hold one JSON object.")
    given.pop(SCHEMA_KEY, None)
    if unknown := [_refuse_key(key) for key in given if key not in setting_names()]:
        raise WrongEnvironment(_list_errors(file, unknown))
    try:
        return Deployment.model_validate(given)
    except ValidationError as error:
        raise WrongEnvironment(_list_errors(file, map(_describe, error.errors()))) from None


def read_local_environment(name: str | None, folder: Path = ENVIRONMENTS) -> Deployment:
    """The environment with this name. Without a name, ``local`` if it has a file, otherwise the
    defaults.
    """
    if name is None and not (folder / f"{LOCAL}.json").is_file():
        return Deployment()
    return read_environment(name or LOCAL, folder)


def setting_names() -> list[str]:
    """The keys of an environment's file."""
    return [str(field.alias) for field in Deployment.model_fields.values()]


def choose_environment(context: Mapping[str, object]) -> str:
    """The name of the environment in the context of the CDK.

    Raises WrongEnvironment for any other key that is not the CDK's or a library's: it would change
    nothing, and its author believes that it does.
    """
    for key in context:
        if key != CHOICE and not _NAMESPACED.match(key):
            raise WrongEnvironment(_refuse_context(key))
    name = context.get(CHOICE)
    if not isinstance(name, str) or not name:
        raise WrongEnvironment("No environment is chosen. Add -c environment=<name>.")
    return name


def _refuse_context(key: str) -> str:
    known = (CHOICE, *setting_names())
    where = f"{key} is a setting" if key in known else suggest(key, known) + "Settings are"
    return (
        f"-c {clean(key)}=… is not accepted, because the next deployment without it would undo it. "
        f"{where} in the environment's file, such as environments/prod.json. "
        "The only key is -c environment=<name>."
    )


def _find_file(name: str, folder: Path) -> Path:
    file = Path(name) if name.endswith(".json") else folder / f"{name}.json"
    if file.is_file() and (name.endswith(".json") or _is_name(name)):
        return file
    names = sorted(each.stem for each in folder.glob("*.json") if _is_name(each.stem))
    raise WrongEnvironment(
        f"The environment {clean(name)} does not exist. Use one of: {', '.join(names) or 'none'}; "
        f"or create the file {folder.name}/<name>.json."
    )


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name != SCHEMA.stem


def _read_pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise ValueError(f"the key {clean(name)} is in it twice. Remove one.")
        read[name] = value
    return read


def _refuse_key(key: str) -> str:
    guess = suggest(key, setting_names()) or "infra/README.md lists all settings. "
    return f"{clean(key)}: This setting does not exist. {guess}".rstrip()


def _describe(error: ErrorDetails) -> str:
    message = write_message(error)
    place = ".".join(map(str, error["loc"]))
    # For a pattern, pydantic's message at least shows the pattern.
    message = error["msg"] if message == OTHERWISE else message
    return f"{place}: {message}" if place else message


def _list_errors(file: Path, errors: Iterable[str]) -> str:
    return "\n".join([f"{file} has settings that cannot be used:", *(f"  {e}" for e in errors)])


class _WithoutTitles(GenerateJsonSchema):
    """A title would only repeat the key."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """No field has one."""
        del schema
        return False


def build_schema() -> dict[str, Any]:
    """The JSON schema of an environment's file."""
    schema = Deployment.model_json_schema(schema_generator=_WithoutTitles)
    schema["title"], schema["description"] = "Environment", "The settings of one deployment."
    schema["properties"] = {SCHEMA_KEY: {"type": "string"}, **schema["properties"]}
    return schema


def write_schema() -> None:
    """Write the schema to its committed file."""
    SCHEMA.write_text(json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_schema()
