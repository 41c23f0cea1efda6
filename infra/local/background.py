"""What runs beside the API: stream reactions and scheduled jobs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.catalog import read_catalog
from rollcall.kit.attributes import from_attributes
from rollcall.kit.call import Runtime
from rollcall.kit.entity import Item
from rollcall.kit.job import Job
from rollcall.kit.log import log_failure
from rollcall.kit.reaction import StreamReaction

if TYPE_CHECKING:
    from typing import Any

    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

POLL_SECONDS = 0.2
ATTEMPTS = 5
"""On AWS the event source mapping makes more, and then has a dead-letter queue."""


class Background:
    """Threads that follow the table's stream and keep the jobs' schedules."""

    def __init__(self, runtime: Runtime, streams: DynamoDBStreamsClient, stream_arn: str) -> None:
        self._runtime = runtime
        self._streams = streams
        self._stopping = threading.Event()
        self._iterator = self._newest_iterator(stream_arn)
        self._threads = [
            threading.Thread(target=self._follow_stream, name="stream"),
            *(
                threading.Thread(target=self._keep_schedule, args=(job,), name=job.name)
                for job in read_catalog().jobs
            ),
        ]

    def start(self) -> None:
        """Start everything; each job runs once at once, which finishes what an earlier process
        has left undone.
        """
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """React to what is in the stream already, then end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _newest_iterator(self, stream_arn: str) -> str:
        description = self._streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]
        answer = self._streams.get_shard_iterator(
            StreamArn=stream_arn,
            ShardId=description["Shards"][0]["ShardId"],
            ShardIteratorType="LATEST",
        )
        return answer["ShardIterator"]

    def _follow_stream(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            records = self._read_records()
            for record in records:
                if record["eventName"] == "INSERT":
                    self._react(from_attributes(record["dynamodb"]["NewImage"]))
            if stopping and not records:
                return
            if not records:
                self._stopping.wait(POLL_SECONDS)

    def _read_records(self) -> list[Any]:
        try:
            answer = self._streams.get_records(ShardIterator=self._iterator)
        except (ClientError, BotoCoreError) as error:
            log_failure("stream", error, request_id="")
            return []
        self._iterator = answer["NextShardIterator"]
        return list(answer["Records"])

    def _react(self, image: Item) -> None:
        for reaction in read_catalog().stream_reactions:
            self._try_repeatedly(reaction, image)

    def _try_repeatedly(self, reaction: StreamReaction, image: Item) -> None:
        for attempt in range(ATTEMPTS):
            try:
                reaction.react(image, self._runtime)
            except Exception as error:  # noqa: BLE001 (the edge: as Lambda would, try again)
                log_failure(reaction.name, error, request_id="")
                time.sleep(0.2 * 2**attempt)
            else:
                return

    def _keep_schedule(self, job: Job[Any]) -> None:
        while True:
            try:
                job.run(self._runtime)
            except Exception as error:  # noqa: BLE001 (the edge: the next run comes anyway)
                log_failure(job.name, error, request_id="")
            if self._stopping.wait(job.every.total_seconds()):
                return
