"""Converts plain values to DynamoDB attribute values and back, for the types of JSON.

boto3 has converters too, but importing it adds 35 ms of CPU time to a cold start beyond botocore
(multiprocessing, S3 transfers, resources), about twice what starting Python takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any


def to_attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB expects it."""
    return {name: _serialize(value) for name, value in item.items()}


def from_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of an item from DynamoDB or a stream record."""
    return {name: _deserialize(value) for name, value in attributes.items()}


def _serialize(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | Decimal() | float() if isfinite(value):
            return {"N": str(value)}  # str() of a float reads back as the same float
        case Mapping():
            return {"M": to_attributes(value)}
        case list() | tuple():
            return {"L": [_serialize(each) for each in value]}
    raise TypeError(f"The table cannot store the type {type(value).__name__}.")


def _deserialize(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else Decimal(value)
        case "NULL":
            return None
        case "M":
            return from_attributes(value)
        case "L":
            return [_deserialize(each) for each in value]
    raise TypeError(f"The table does not use the attribute type {kind}.")
