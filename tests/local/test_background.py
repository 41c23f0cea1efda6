"""The reader of the table's stream, and the queues of the reactions."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from botocore.stub import Stubber

from functions.reactions.converge_identity import converge_identity
from rollcall.kit.call import Call
from rollcall.kit.delivery import Delivery
from rollcall.kit.journal import JournalEntry
from rollcall_infra.local.background import Reactions, StreamReader
from rollcall_infra.local.emulator import Emulator, make_client
from rollcall_infra.local.state import AwsKeys
from tests.api.acceptance import wait_for
from tests.world.world import World

pytestmark = pytest.mark.xdist_group("emulator")
"""One embedded AWS serves them all."""

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/rollcall/stream/2026"


def put(emulator: Emulator, key: str) -> None:
    item = {"pk": {"S": key}, "sk": {"S": key}}
    emulator.client("dynamodb").put_item(TableName="rollcall", Item=item)


def keys_of(records: list[Any]) -> list[str]:
    return [each["dynamodb"]["Keys"]["pk"]["S"] for each in records]


def test_reader_returns_each_record_once_and_none_from_before_its_start(
    emulator: Emulator,
) -> None:
    table = emulator.client("dynamodb").describe_table(TableName="rollcall")["Table"]
    put(emulator, "before")

    reader = StreamReader(emulator.client("dynamodbstreams"), table["LatestStreamArn"])

    assert reader.read() == []
    put(emulator, "first")
    put(emulator, "second")
    assert keys_of(reader.read()) == ["first", "second"]
    put(emulator, "third")
    assert keys_of(reader.read()) == ["third"]
    assert reader.read() == []


def test_reader_neither_misses_nor_repeats_records_when_its_iterator_expires() -> None:
    client = make_client("dynamodbstreams", "http://127.0.0.1:9", AwsKeys.invent())
    first, missed = make_record(1), make_record(2)
    with Stubber(client) as stub:
        expect_iterator(stub, "i1", "LATEST")
        expect_records(stub, "i1", [first], following="i2")
        stub.add_client_error("get_records", "ExpiredIteratorException")
        expect_iterator(stub, "i3", "TRIM_HORIZON")
        expect_records(stub, "i3", [first, missed], following="i4")
        stub.add_client_error("get_records", "InternalServerError")
        expect_records(stub, "i4", [], following="i5")

        reader = StreamReader(client, ARN)

        assert keys_of(reader.read()) == ["1"]
        assert keys_of(reader.read()) == ["2"]
        assert reader.read() == reader.read() == []
        stub.assert_no_pending_responses()


def make_record(number: int) -> dict[str, Any]:
    keys = {"pk": {"S": str(number)}}
    return {"dynamodb": {"SequenceNumber": f"{number:021}", "Keys": keys}}


def expect_iterator(stub: Stubber, iterator: str, kind: str) -> None:
    shard_id = "shardId-" + "0" * 20
    shards = {"StreamDescription": {"Shards": [{"ShardId": shard_id}]}}
    stub.add_response("describe_stream", shards, {"StreamArn": ARN})
    asked = {"StreamArn": ARN, "ShardId": shard_id, "ShardIteratorType": kind}
    stub.add_response("get_shard_iterator", {"ShardIterator": iterator}, asked)


def expect_records(stub: Stubber, iterator: str, records: list[Any], following: str) -> None:
    answer = {"Records": records, "NextShardIterator": following}
    stub.add_response("get_records", answer, {"ShardIterator": iterator})


def test_failing_reaction_neither_holds_up_nor_repeats_the_others(world: World) -> None:
    entry = world.journal(world.admin_id)[-1].key()
    reached: list[str] = []
    failing_until_released = Event()

    def fail(_: JournalEntry, __: Call) -> None:
        failing_until_released.wait(10)
        reached.append("failing")
        raise LookupError

    failing, working = (
        replace(converge_identity, name=name, function=function)
        for name, function in (
            ("failing", fail),
            ("working", lambda entry, _: reached.append(entry.id)),
        )
    )
    reactions = Reactions([failing, working], world.runtime, pause=0.001)
    for name in ("failing", "working"):
        reactions.deliver(Delivery(function=name, entries=(entry,)))

    wait_for(lambda: reached == [entry.sk])
    assert not reactions.are_idle()
    failing_until_released.set()
    wait_for(lambda: "failing" in reached)
    reactions.close()
    assert reactions.are_idle()
    assert reached.count(entry.sk) == 1
