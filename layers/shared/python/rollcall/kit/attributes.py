"""Plain values as DynamoDB attribute values and back: JSON's types, which is all that is stored.

boto3 has the same for more types, but importing it costs a cold start 35 ms of CPU time beyond
botocore (multiprocessing, S3 transfers, resources), about twice what starting Python takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any


def to_attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB takes it."""
    return {name: _serialize(value) for name, value in item.items()}


def from_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB or a stream record holds it, as plain values."""
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
            return {"N": str(value)}  # of a float, so that the same float comes back
        case Mapping():
            return {"M": to_attributes(value)}
        case list() | tuple():
            return {"L": [_serialize(each) for each in value]}
    raise TypeError(f"{type(value).__name__} is no type that the table stores.")


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
    raise TypeError(f"{kind} is no type that the table stores.")
