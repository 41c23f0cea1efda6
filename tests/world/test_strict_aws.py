"""The strict AWS of test worlds rejects what AWS rejects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollcall.users.passwords import LENGTH_AT_LEAST
from tests.world.strict_aws import USERS_A_PAGE
from tests.world.world import World

GOOD = "Correct-Horse-7"
TOKEN_HELD = timedelta(minutes=10)


def add(world: World, name: str, delta: int, token: str) -> None:
    """Add to a number in the table, in a transaction with this ClientRequestToken."""
    update = {
        "TableName": world.runtime.table.name,
        "Key": {"pk": {"S": name}, "sk": {"S": name}},
        "UpdateExpression": "ADD #count :delta",
        "ExpressionAttributeNames": {"#count": "count"},
        "ExpressionAttributeValues": {":delta": {"N": str(delta)}},
    }
    world.dynamodb.transact_write_items(
        TransactItems=[{"Update": update}], ClientRequestToken=token
    )


def count(world: World, name: str) -> int:
    """The number that ``add`` has changed."""
    return next(int(item["count"]) for item in world.items() if item["pk"] == name)


def create(world: World, name: str, email: str, **options: Any) -> None:
    """Create an account with a verified email."""
    world.cognito.admin_create_user(
        UserPoolId=world.runtime.settings.user_pool_id,
        Username=name,
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
        ],
        **options,
    )


def update(world: World, name: str, **attributes: str) -> None:
    """Set attributes of an account."""
    world.cognito.admin_update_user_attributes(
        UserPoolId=world.runtime.settings.user_pool_id,
        Username=name,
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The code of the error."""
    return str(error.value.response["Error"]["Code"])


def test_transaction_sent_twice_with_one_token_has_one_effect(world: World) -> None:
    add(world, "NUMBER", 1, "once")
    add(world, "NUMBER", 1, "once")

    assert count(world, "NUMBER") == 1


def test_refused_transaction_changes_nothing(world: World) -> None:
    add(world, "held", 1, "a first token")
    table = world.runtime.table.name
    keys = {name: {"pk": {"S": name}, "sk": {"S": name}} for name in ("free", "held")}
    puts = [
        {"TableName": table, "Item": key, "ConditionExpression": "attribute_not_exists(pk)"}
        for key in keys.values()
    ]
    before = world.items()

    with pytest.raises(ClientError) as error:
        world.dynamodb.transact_write_items(
            TransactItems=[{"Put": each} for each in puts], ClientRequestToken="another token"
        )

    assert refused(error) == "TransactionCanceledException"
    assert world.items() == before
    add(world, "free", 1, "a third token")
    assert count(world, "free") == count(world, "held") == 1


def test_token_is_forgotten_after_ten_minutes(world: World) -> None:
    add(world, "NUMBER", 1, "once")
    world.clock.now += TOKEN_HELD + timedelta(seconds=1)
    add(world, "NUMBER", 1, "once")

    assert count(world, "NUMBER") == 2


def test_token_of_another_transaction_is_refused(world: World) -> None:
    add(world, "NUMBER", 1, "once")
    with pytest.raises(ClientError) as error:
        add(world, "NUMBER", 2, "once")

    assert refused(error) == "IdempotentParameterMismatchException"


@pytest.mark.parametrize(("actions", "size"), [(101, 1), (20, 250_000)])
def test_transaction_over_the_limits_is_refused(world: World, actions: int, size: int) -> None:
    put = [
        {"Put": {"TableName": world.runtime.table.name, "Item": {**_key(n), "text": _text(size)}}}
        for n in range(actions)
    ]
    with pytest.raises(ClientError) as error:
        world.dynamodb.transact_write_items(TransactItems=put)

    assert refused(error) == "ValidationException"


@pytest.mark.parametrize(
    "value",
    [{"S": "x" * 400 * 1024}, {"N": "1" * 39}, {"N": "1e126"}, {"N": "NaN"}, {"SS": []}],
    ids=["400 KB", "39 digits", "too large a number", "no number", "empty set"],
)
def test_invalid_item_is_refused(world: World, value: Any) -> None:
    put: Any = {"TableName": world.runtime.table.name, "Item": {**_key(1), "value": value}}
    before = world.stored()

    with pytest.raises(ClientError) as alone:
        world.dynamodb.put_item(**put)
    with pytest.raises(ClientError) as among_others:
        world.dynamodb.transact_write_items(TransactItems=[{"Put": put}])

    assert refused(alone) == refused(among_others) == "ValidationException"
    assert world.stored() == before


def test_numbers_are_stored_exactly(world: World) -> None:
    number = "0.12345678901234567890123456789012345678"
    item = {**_key(1), "value": {"N": number}}
    world.dynamodb.put_item(TableName=world.runtime.table.name, Item=item)

    found = world.dynamodb.get_item(TableName=world.runtime.table.name, Key=_key(1))

    assert found["Item"]["value"] == {"N": number}


def test_failed_condition_returns_the_item_on_request(world: World) -> None:
    add(world, "held", 1, "a token")
    key = {"pk": {"S": "held"}, "sk": {"S": "held"}}
    put = {
        "TableName": world.runtime.table.name,
        "Item": key,
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(ClientError) as error:
        world.dynamodb.transact_write_items(TransactItems=[{"Put": put}])

    reason: Any = error.value.response["CancellationReasons"][0]
    assert (reason["Code"], reason["Item"]["count"]) == ("ConditionalCheckFailed", {"N": "1"})


def test_index_is_read_in_order_and_in_pages(world: World) -> None:
    table = world.runtime.table.name
    for number in (3, 1, 2):
        item = {**_key(number), "gsi1pk": {"S": "ALL"}, "gsi1sk": {"S": str(number)}}
        world.dynamodb.put_item(TableName=table, Item=item)
    world.dynamodb.put_item(TableName=table, Item={**_key(4), "gsi1pk": {"S": "ALL"}})
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": "gsi1",
        "KeyConditionExpression": "gsi1pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "ALL"}},
        "Limit": 2,
    }

    first = world.dynamodb.query(**query)
    rest = world.dynamodb.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert [item["gsi1sk"]["S"] for item in first["Items"]] == ["1", "2"]
    assert [item["gsi1sk"]["S"] for item in rest["Items"]] == ["3"]
    assert "LastEvaluatedKey" not in rest


def test_two_actions_on_one_item_are_refused(world: World) -> None:
    put = {"Put": {"TableName": world.runtime.table.name, "Item": _key(1)}}
    with pytest.raises(ClientError) as error:
        world.dynamodb.transact_write_items(TransactItems=[put, put])

    assert refused(error) == "ValidationException"


def test_verified_email_is_unique_regardless_of_case(world: World) -> None:
    create(world, "usr_a", "a@example.com")
    with pytest.raises(ClientError) as error:
        create(world, "usr_b", "A@Example.com")

    assert refused(error) == "UsernameExistsException"


def test_account_cannot_be_changed_to_the_verified_email_of_another(world: World) -> None:
    create(world, "usr_a", "a@example.com")
    create(world, "usr_b", "b@example.com")
    with pytest.raises(ClientError) as error:
        update(world, "usr_b", email="A@example.com", email_verified="true")

    assert refused(error) == "AliasExistsException"


def test_changed_email_is_unverified_and_no_alias_by_default(world: World) -> None:
    create(world, "usr_a", "a@example.com")
    create(world, "usr_b", "b@example.com")
    update(world, "usr_b", email="a@example.com")

    account = world.account("usr_b")
    assert account is not None
    assert account["email_verified"] == "false"
    found = world.runtime.identity.find("a@example.com")
    assert found is not None
    assert found.id == "usr_a"


def test_preferred_username_is_unique(world: World) -> None:
    create(world, "usr_a", "a@example.com")
    create(world, "usr_b", "b@example.com")
    update(world, "usr_a", preferred_username="ada")
    with pytest.raises(ClientError) as error:
        update(world, "usr_b", preferred_username="Ada")

    assert refused(error) == "AliasExistsException"


def test_temporary_password_must_meet_the_policy(world: World) -> None:
    with pytest.raises(ClientError) as error:
        create(world, "usr_a", "a@example.com", TemporaryPassword="short")

    assert len("short") < LENGTH_AT_LEAST
    assert refused(error) == "InvalidPasswordException"


def test_temporary_password_cannot_be_reset(world: World) -> None:
    pool = world.runtime.settings.user_pool_id
    create(world, "usr_a", "a@example.com")
    with pytest.raises(ClientError) as error:
        world.cognito.admin_reset_user_password(UserPoolId=pool, Username="usr_a")

    assert refused(error) == "NotAuthorizedException"


def test_invitation_is_resent_only_until_a_password_is_chosen(world: World) -> None:
    pool = world.runtime.settings.user_pool_id
    create(world, "usr_a", "a@example.com")
    create(world, "usr_a", "a@example.com", MessageAction="RESEND")
    world.cognito.admin_set_user_password(
        UserPoolId=pool, Username="usr_a", Password=GOOD, Permanent=True
    )
    with pytest.raises(ClientError) as error:
        create(world, "usr_a", "a@example.com", MessageAction="RESEND")

    assert refused(error) == "UnsupportedUserStateException"


def test_page_of_more_than_sixty_users_is_refused(world: World) -> None:
    pool = world.runtime.settings.user_pool_id
    with pytest.raises(ClientError) as error:
        world.cognito.list_users(UserPoolId=pool, Limit=USERS_A_PAGE + 1)

    assert refused(error) == "InvalidParameterException"


def _key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"NUMBER#{number}"}, "sk": {"S": "NUMBER"}}


def _text(size: int) -> dict[str, str]:
    return {"S": "x" * size}


def test_index_partition_contains_its_own_entries_only(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    world.join_group(user.id, group_id)

    def members(of: str) -> tuple[int, int]:
        listed = list(world.runtime.table.query_index("gsi1", f"MEMBERS#{of}"))
        return len(listed), world.runtime.table.count_index("gsi1", f"MEMBERS#{of}")

    assert members(group_id) == (1, 1)
    assert members("grp_other") == (0, 0)
