"""Conversion of the parameters of AWS calls to properties of CloudFormation."""

from __future__ import annotations

from typing import Any

from pydantic.alias_generators import to_snake


def as_properties(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters of an AWS call as keywords for the CloudFormation resource of the same name."""
    return {to_snake(name): _lower_names(value) for name, value in parameters.items()}


def _lower_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _lower_names(each) for name, each in value.items()}
    return [_lower_names(each) for each in value] if isinstance(value, list) else value
