"""The DynamoDB table: its keys and indexes. Only this module calls DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.attribute_values import from_attributes, to_attributes
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Entity, Item, Key
from rollcall.kit.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef, TransactWriteItemTypeDef

PARTITION_KEY, SORT_KEY = "pk", "sk"
INDEXES = {"gsi1": ("gsi1pk", "gsi1sk"), "gsi2": ("gsi2pk", "gsi2sk")}


class TransactionRefused(Exception):
    """A transaction was cancelled; ``reasons`` holds DynamoDB's code for each of its actions."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


class Table:
    """Reads and writes of the table. Reads of the base table are strongly consistent."""

    service: ClassVar[str] = "dynamodb"

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self.name = name

    def find[E: Entity](self, entity: type[E], entity_id: str) -> E | None:
        """The entity with its rows, or None. One Query with rows, one GetItem without."""
        key = entity.key_of(entity_id)
        if not entity.row_fields:
            item = self.get_item(key)
            return entity.assemble([item] if item else [])
        return entity.assemble(self.query_partition(key.pk, prefix="#"))

    def load[E: Entity](self, entity: type[E], entity_id: str) -> E:
        """Like :meth:`find`, but raises NotFound ("Group not found") when there is none."""
        found = self.find(entity, entity_id)
        if found is None or not found.exists:
            raise not_found(entity)
        return found

    def get_item(self, key: Key) -> Item | None:
        """One item by its key."""
        try:
            answer = self._client.get_item(
                TableName=self.name, Key=to_attributes(key._asdict()), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            _refuse_unanswered(error)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    def get_items(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that exist, by key."""
        found: dict[Key, Item] = {}
        for start in range(0, len(keys), 100):
            wanted: list[Any] = [to_attributes(key._asdict()) for key in keys[start : start + 100]]
            while wanted:
                try:
                    answer = self._client.batch_get_item(
                        RequestItems={self.name: {"Keys": wanted, "ConsistentRead": True}}
                    )
                except (ClientError, BotoCoreError) as error:
                    _refuse_unanswered(error)
                for attributes in answer["Responses"].get(self.name, []):
                    item = from_attributes(attributes)
                    found[Key(item["pk"], item["sk"])] = item
                unprocessed = answer["UnprocessedKeys"].get(self.name)
                wanted = list(unprocessed["Keys"]) if unprocessed else []
        return found

    def query_partition(
        self, pk: str, prefix: str = "", *, later_than: str = "", names: Sequence[str] = ()
    ) -> Iterator[Item]:
        """The items of one partition in order of their sort key. ``prefix`` or ``later_than``
        select sort keys, ``names`` selects attributes.
        """
        conditions, values = ["pk = :pk"], {":pk": pk}
        if prefix:
            conditions.append("begins_with(sk, :prefix)")
            values[":prefix"] = prefix
        if later_than:
            conditions.append("sk > :later_than")
            values[":later_than"] = later_than
        options: dict[str, Any] = {"ConsistentRead": True}
        if names:
            aliases = {f"#n{number}": name for number, name in enumerate(names)}
            options["ExpressionAttributeNames"] = aliases
            options["ProjectionExpression"] = ", ".join(aliases)
        yield from self._query(" AND ".join(conditions), values, **options)

    def query_index(
        self,
        index: str,
        pk: str,
        *,
        prefix: str = "",
        up_to: str | None = None,
        later_than: str | None = None,
        holding: Item | None = None,
        without: str | None = None,
        after: Item | None = None,
        limit: int | None = None,
        at_once: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Item]:
        """The items of one index partition in order, eventually consistent.

        ``prefix``, ``up_to`` (inclusive) or ``later_than`` select sort keys. ``holding`` filters
        by attribute values, ``without`` by the absence of an attribute, which few items have.
        ``after`` continues after an item. ``limit`` is the maximum number of items, ``at_once`` the
        number that each request reads.
        """
        condition, values = _index_condition(index, pk, prefix, up_to, later_than)
        options: dict[str, Any] = {"IndexName": index, "ScanIndexForward": not newest_first}
        # DynamoDB's Limit counts items before the filter.
        if limit is not None and not holding:
            options["Limit"] = limit
        elif at_once is not None:
            options["Limit"] = at_once
        if after is not None:
            names = (PARTITION_KEY, SORT_KEY, *INDEXES[index])
            options["ExclusiveStartKey"] = to_attributes({name: after[name] for name in names})
        return islice(self._query(condition, values, holding, without, **options), limit)

    def count_index(
        self,
        index: str,
        pk: str,
        *,
        prefix: str = "",
        up_to: str | None = None,
        later_than: str | None = None,
        holding: Item | None = None,
        without: str | None = None,
    ) -> int:
        """The number of items that :meth:`query_index` finds. DynamoDB reads them, but does not
        return them.
        """
        condition, values = _index_condition(index, pk, prefix, up_to, later_than)
        pages = self._query_pages(
            condition, values, holding, without, IndexName=index, Select="COUNT"
        )
        return sum(page["Count"] for page in pages)

    def _query(
        self,
        condition: str,
        values: Item,
        holding: Item | None = None,
        without: str | None = None,
        **options: Any,
    ) -> Iterator[Item]:
        for page in self._query_pages(condition, values, holding, without, **options):
            yield from (from_attributes(item) for item in page["Items"])

    def _query_pages(
        self,
        condition: str,
        values: Item,
        holding: Item | None,
        without: str | None,
        **options: Any,
    ) -> Iterator[QueryOutputTypeDef]:
        held = holding or {}
        values = {**values, **{f":h{n}": value for n, value in enumerate(held.values())}}
        named = {f"#h{n}": name for n, name in enumerate(held)}
        absent = {"#absent": without} if without else {}
        filters = [
            *(f"{each} = :{each[1:]}" for each in named),
            *(f"attribute_not_exists({each})" for each in absent),
        ]
        if filters:
            options["ExpressionAttributeNames"] = {**named, **absent}
            options["FilterExpression"] = " AND ".join(filters)
        while True:
            try:
                answer = self._client.query(
                    TableName=self.name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=to_attributes(values),
                    **options,
                )
            except (ClientError, BotoCoreError) as error:
                _refuse_unanswered(error)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def transact(self, actions: Sequence[TransactWriteItemTypeDef]) -> None:
        """Write all actions or none. Raises TransactionRefused with a reason for each action, and
        Unavailable when DynamoDB did not answer; the transaction can then have taken effect.
        """
        try:
            self._client.transact_write_items(TransactItems=actions)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = error.response.get("CancellationReasons", [])
            raise TransactionRefused([reason.get("Code", "None") for reason in reasons]) from None
        except self._client.exceptions.TransactionInProgressException:
            raise TransactionRefused(["TransactionConflict"]) from None
        except (ClientError, BotoCoreError) as error:
            _refuse_unanswered(error)

    def update_unversioned(
        self,
        target: Key | Entity,
        values: Item,
        *,
        remove: Iterable[str] = (),
        when: Item | None = None,
        rising: str | None = None,
    ) -> bool:
        """Set bookkeeping attributes without a new version of the entity. False, without a write,
        when an attribute in ``when`` has another value, or the attribute ``rising`` would
        decrease. Raises NewerData when a newer version of the code has written the entity.
        """
        if isinstance(target, Entity):
            target.require_known_schema()
        key = target.key() if isinstance(target, Entity) else target
        names = [*values, *remove, *(when or {})]
        aliases = {name: f"#n{index}" for index, name in enumerate(dict.fromkeys(names))}
        sets = ", ".join(f"{aliases[name]} = :{aliases[name][1:]}" for name in values)
        removes = ", ".join(aliases[name] for name in remove)
        bound = {f":{aliases[name][1:]}": value for name, value in values.items()}
        conditions = ["attribute_exists(pk)"]
        for name, value in (when or {}).items():
            conditions.append(f"{aliases[name]} = :w{aliases[name][2:]}")
            bound[f":w{aliases[name][2:]}"] = value
        if rising:
            alias = aliases[rising]
            conditions.append(f"(attribute_not_exists({alias}) OR {alias} <= :{alias[1:]})")
        return self._write(
            self._client.update_item,
            Key=to_attributes(key._asdict()),
            UpdateExpression=f"SET {sets}" + (f" REMOVE {removes}" if removes else ""),
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames={alias: name for name, alias in aliases.items()},
            ExpressionAttributeValues=to_attributes(bound),
        )

    def count_up(self, key: Key, at_most: int, expiry: int) -> bool:
        """Increment a counter with its own item, which expires at ``expiry``, in epoch seconds.
        False, without a write, when the counter has reached ``at_most``.
        """
        bound = {":one": 1, ":most": at_most, ":expiry": expiry}
        return self._write(
            self._client.update_item,
            Key=to_attributes(key._asdict()),
            UpdateExpression="ADD #count :one SET #expiry = :expiry",
            ConditionExpression="attribute_not_exists(#count) OR #count < :most",
            ExpressionAttributeNames={"#count": "count", "#expiry": EXPIRY_ATTRIBUTE},
            ExpressionAttributeValues=to_attributes(bound),
        )

    def put_once(self, item: Item) -> bool:
        """Write an item if it does not exist; False if it does."""
        return self._write(
            self._client.put_item,
            Item=to_attributes(item),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def _write(self, write: Callable[..., object], **request: Any) -> bool:
        """Write conditionally; False when the condition failed."""
        try:
            write(TableName=self.name, **request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        except (ClientError, BotoCoreError) as error:
            _refuse_unanswered(error)
        return True

    def delete_items(self, keys: Iterable[Key]) -> None:
        """Delete items without a condition, one request for each: the permission to delete in
        batches (BatchWriteItem) is also one to write.
        """
        for key in keys:
            self._write(self._client.delete_item, Key=to_attributes(key._asdict()))


def _index_condition(
    index: str, pk: str, prefix: str, up_to: str | None, later_than: str | None = None
) -> tuple[str, Item]:
    pk_name, sk_name = INDEXES[index]
    if prefix:
        condition = f"{pk_name} = :pk AND begins_with({sk_name}, :prefix)"
        return condition, {":pk": pk, ":prefix": prefix}
    if up_to is not None:
        return f"{pk_name} = :pk AND {sk_name} <= :end", {":pk": pk, ":end": up_to}
    if later_than is not None:
        return f"{pk_name} = :pk AND {sk_name} > :start", {":pk": pk, ":start": later_than}
    return f"{pk_name} = :pk", {":pk": pk}


def not_found(entity: type[Entity]) -> NotFound:
    """The error that an entity does not exist, or is hidden from the caller."""
    return NotFound.of(entity.kind)


def _refuse_unanswered(error: ClientError | BotoCoreError) -> NoReturn:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"ValidationException", "AccessDeniedException", "ResourceNotFoundException"}:
            raise error
    detail = "The database did not answer. Send the same request again."
    raise Unavailable("database_unavailable", detail) from error
