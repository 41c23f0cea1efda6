"""Stream reactions and scheduled jobs of ``rollcall local``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.call import Runtime
from rollcall.kit.delivery import Delivery, plan_deliveries
from rollcall.kit.job import Job
from rollcall.kit.log import log_failure
from rollcall.kit.objects import StoredObject
from rollcall.kit.reaction import StreamReaction
from rollcall_infra.catalog import Catalog

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import GetRecordsOutputTypeDef, RecordTypeDef

POLL_SECONDS = 0.2
LONG_POLL_SECONDS = 2
"""How long a request for mail events waits for one, and so the longest time until a stop."""
RETRY_SECONDS = (2, 10)
"""Delays before the retries of a failed job; Lambda waits longer."""
RUN_SECONDS = 5
"""Minimum time between two runs of a job, whatever the time scale."""
PAUSE_SECONDS = 0.2
"""Before the first repetition of a failed reaction; each further pause is twice as long."""
ATTEMPTS = 5
"""On AWS, Lambda retries with longer pauses and then uses a dead-letter queue."""


class StreamReader:
    """Reads new records of the table's stream, each record once."""

    def __init__(self, streams: DynamoDBStreamsClient, stream_arn: str) -> None:
        self._streams = streams
        self._stream_arn = stream_arn
        self._last = 0
        self._iterator = self._find_iterator("LATEST")

    def read(self) -> list[Any]:
        """The next records; empty if there are none or if the stream does not answer."""
        try:
            answer = self._get_records()
        except (ClientError, BotoCoreError) as error:
            log_failure("stream", error, request_id="")
            return []
        self._iterator = answer["NextShardIterator"]
        records = [each for each in answer["Records"] if _number(each) > self._last]
        self._last = max(map(_number, records), default=self._last)
        return records

    def _get_records(self) -> GetRecordsOutputTypeDef:
        try:
            return self._streams.get_records(ShardIterator=self._iterator)
        except self._streams.exceptions.ExpiredIteratorException:
            # An iterator expires after 15 minutes, for example while the machine sleeps.
            self._iterator = self._find_iterator("TRIM_HORIZON")
            return self._streams.get_records(ShardIterator=self._iterator)

    def _find_iterator(self, kind: Literal["LATEST", "TRIM_HORIZON"]) -> str:
        stream = self._streams.describe_stream(StreamArn=self._stream_arn)["StreamDescription"]
        shard_id = stream["Shards"][0]["ShardId"]
        return self._streams.get_shard_iterator(
            StreamArn=self._stream_arn, ShardId=shard_id, ShardIteratorType=kind
        )["ShardIterator"]


def _number(record: RecordTypeDef) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def try_repeatedly(name: str, react: Callable[[], None], pause: float = PAUSE_SECONDS) -> None:
    """Run a reaction until it succeeds, at most ATTEMPTS times. Failures are logged."""
    for attempt in range(ATTEMPTS):
        try:
            react()
        except Exception as error:  # noqa: BLE001 (the outermost caller: retries as Lambda does)
            log_failure(name, error, request_id="")
            time.sleep(pause * 2**attempt)
        else:
            return


class Reactions:
    """The stream reactions, each with a queue and a thread of its own: none waits for another."""

    def __init__(
        self, reactions: Iterable[StreamReaction], runtime: Runtime, pause: float = PAUSE_SECONDS
    ) -> None:
        self._runtime = runtime
        self._pause = pause
        self._reactions = {each.name: each for each in reactions}
        self._queues = {name: ThreadPoolExecutor(1, name) for name in self._reactions}
        self._last: dict[str, Future[None]] = {}

    def deliver(self, delivery: Delivery) -> None:
        """Put a delivery into the queue of its reaction."""
        name = delivery.function
        self._last[name] = self._queues[name].submit(self._process, delivery)

    def are_idle(self) -> bool:
        """Whether all deliveries have been processed."""
        return all(each.done() for each in self._last.values())

    def close(self) -> None:
        """Process the remaining deliveries and stop the threads."""
        for queue in self._queues.values():
            queue.shutdown()

    def _process(self, delivery: Delivery) -> None:
        for key in delivery.entries:
            react = partial(self._reactions[delivery.function].receive, key, self._runtime)
            try_repeatedly(delivery.function, react, self._pause)


class Background:
    """Threads that read the table's stream and the queue of mail events, and run the scheduled
    jobs.
    """

    def __init__(
        self,
        runtime: Runtime,
        catalog: Catalog,
        connect: Callable[[str], Any],
        stream_arn: str,
        mail_events_url: str,
    ) -> None:
        self._runtime = runtime
        self._catalog = catalog
        self._reader = StreamReader(connect("dynamodbstreams"), stream_arn)
        self._reactions = Reactions(catalog.stream_reactions, runtime)
        self._sqs = connect("sqs")
        self._mail_events_url = mail_events_url
        self._stopping = threading.Event()
        self._directory_built = threading.Event()
        self._starting = threading.Lock()
        self._threads = [
            threading.Thread(target=self._follow_stream, name="stream"),
            threading.Thread(target=self._follow_mail, name="mail events"),
            *(
                threading.Thread(target=self._keep_schedule, args=(job,), name=job.name)
                for job in catalog.jobs
            ),
        ]

    def start(self) -> None:
        """Start all threads. Each job runs once, one after another, and completes the work that an
        earlier process left unfinished. Jobs that build the directory run first.
        """
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Process the records that are already in the stream, then stop."""
        self._stopping.set()
        self._directory_built.set()
        for thread in self._threads:
            thread.join()

    def _follow_stream(self) -> None:
        while True:
            # In this order: what the last reaction wrote must be read.
            ending = self._stopping.is_set() and self._reactions.are_idle()
            records = self._reader.read()
            for delivery in plan_deliveries(records, self._catalog.subscriptions):
                self._reactions.deliver(delivery)
            if ending and not records:
                self._reactions.close()
                return
            if not records:
                time.sleep(POLL_SECONDS)

    def _follow_mail(self) -> None:
        while not self._stopping.is_set():
            try:
                answer = self._sqs.receive_message(
                    QueueUrl=self._mail_events_url, WaitTimeSeconds=LONG_POLL_SECONDS
                )
                for message in answer.get("Messages", []):
                    self._react_to_mail(json.loads(message["Body"]))
                    handle = message["ReceiptHandle"]
                    self._sqs.delete_message(QueueUrl=self._mail_events_url, ReceiptHandle=handle)
            except (ClientError, BotoCoreError) as error:
                log_failure("mail events", error, request_id="")
                self._stopping.wait(POLL_SECONDS)

    def _react_to_mail(self, event: dict[str, Any]) -> None:
        for reaction in self._catalog.mail_event_reactions:
            try_repeatedly(reaction.name, partial(reaction.react, event, self._runtime))

    def _keep_schedule(self, job: Job[Any]) -> None:
        if not any(issubclass(each, StoredObject) for each in job.writes):
            self._directory_built.wait()
        turn: AbstractContextManager[object] = self._starting
        while not self._stopping.is_set():
            with turn:
                self._run(job)
            turn = nullcontext()
            self._directory_built.set()
            self._stopping.wait(self._seconds_until_next(job))

    def _run(self, job: Job[Any]) -> None:
        for seconds in (*RETRY_SECONDS, None):
            try:
                job.run(self._runtime)
            except Exception as error:  # noqa: BLE001 (the outermost caller: the next run follows anyway)
                log_failure(job.name, error, request_id="")
                if seconds is None or self._stopping.wait(seconds):
                    return
            else:
                return

    def _seconds_until_next(self, job: Job[Any]) -> float:
        settings, now = self._runtime.settings, self._runtime.clock()
        waits = job.find_next_run(settings, now) - now
        # At a high time scale, jobs would otherwise run without a pause.
        shortened = max(waits.total_seconds() / settings.time_scale, RUN_SECONDS)
        return min(shortened, threading.TIMEOUT_MAX)
