"""The table's keys and indexes as parameters of DynamoDB's CreateTable, generated from the kit."""

from __future__ import annotations

from typing import Any

from rollcall.kit.table import INDEXES, PARTITION_KEY, SORT_KEY


def create_table_parameters(name: str) -> dict[str, Any]:
    """The parameters that the local runtime and the tests pass to CreateTable."""
    keys = {"": (PARTITION_KEY, SORT_KEY), **INDEXES}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"}
            for pair in keys.values()
            for attribute in pair
        ],
        "KeySchema": _key_schema(keys[""]),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key_schema(pair),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, pair in INDEXES.items()
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }


def create_key_table_parameters(name: str) -> dict[str, Any]:
    """The table of the signing keys: no stream, which would contain them, and no index."""
    pair = (PARTITION_KEY, SORT_KEY)
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in pair
        ],
        "KeySchema": _key_schema(pair),
    }


def _key_schema(pair: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": pair[0], "KeyType": "HASH"},
        {"AttributeName": pair[1], "KeyType": "RANGE"},
    ]
