"""Functions without a caller: jobs on their schedules, and reactions to the journal's stream.

No caller sees their failures, so each failure ends in a dead-letter queue and an alarm (I20).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from rollcall.kit.job import Job
from rollcall.kit.mail_event import MailEventReaction
from rollcall.kit.reaction import JournalWatch, StreamReaction
from rollcall.mails.notices import MARK_KEPT
from rollcall_infra.alarms import PERIOD, add_alarm
from rollcall_infra.checks import acknowledge
from rollcall_infra.function import Surroundings, add_function
from rollcall_infra.schedule import RETRIES, add_schedule, allow_sending

STREAM_RETRIES = 10
STREAM_AGE_AT_MOST = Duration.hours(6)
"""After this many attempts or this long, a failing record goes to the dead-letter queue and no
longer blocks the others. With Lambda's defaults it would block them for a day.
"""
BEHIND_AT_MOST = timedelta(minutes=10)


@dataclass(frozen=True)
class Background:
    """Where functions without a caller report their failures."""

    dead_letter_queue: sqs.Queue
    topic: sns.ITopic

    @classmethod
    def of(cls, scope: Construct, topic: sns.ITopic) -> Background:
        """The dead-letter queue of a stack, with its alarm."""
        queue = sqs.Queue(
            scope,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # The mark of a sent mail must outlive every retry of its journal entry.
            retention_period=Duration.days((MARK_KEPT - timedelta(days=1)).days),
        )
        acknowledge(
            queue,
            dict.fromkeys(
                ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"),
                "This queue is the dead-letter queue.",
            ),
        )
        depth = queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=PERIOD
        )
        words = "Messages have failed permanently. Read them, fix the cause and redrive them."
        add_alarm(scope, "DeadLettersAlarm", topic, depth, at=1, words=words)
        return cls(queue, topic)

    def add_job(self, scope: Construct, job: Job[Any], surroundings: Surroundings) -> None:
        """A job's function and its schedule."""
        function = add_function(
            scope,
            job,
            surroundings,
            statements=[allow_sending(self.dead_letter_queue)],
            dead_letter_queue=self.dead_letter_queue,
        )
        own = Construct(scope, f"{job.name}-schedule")
        add_schedule(own, job, function, self.dead_letter_queue, surroundings.deployment)
        self._watch(own, function)
        failed = logs.MetricFilter(
            own,
            "Failed",
            log_group=function.log_group,
            filter_pattern=logs.FilterPattern.literal("{ $.report.failed > 0 }"),
            metric_namespace=surroundings.deployment.prefix,
            metric_name=f"{job.name}-failed",
            metric_value="$.report.failed",
        ).metric(statistic="Sum", period=PERIOD)
        words = f"{job.name} could not complete everything. See its log for what failed."
        add_alarm(own, "FailedAlarm", self.topic, failed, at=1, words=words)

    def add_stream_reaction(
        self,
        scope: Construct,
        reaction: StreamReaction,
        surroundings: Surroundings,
    ) -> None:
        """A reaction's function and its subscription to the table's stream."""
        function, own = self._add_reader(scope, reaction, surroundings)
        self._watch(own, function)
        age = function.metric("IteratorAge", statistic="Maximum", period=PERIOD)
        words = f"{reaction.name} is behind the journal. Look for failing records in its log."
        milliseconds = BEHIND_AT_MOST / timedelta(milliseconds=1)
        add_alarm(own, "BehindAlarm", self.topic, age, at=milliseconds, words=words)

    def add_mail_event_reaction(
        self, scope: Construct, reaction: MailEventReaction, surroundings: Surroundings
    ) -> None:
        """A reaction's function and the rule that invokes it for the mails of this deployment. The
        rule is left out if no mails are sent. A failure that retries do not end is in the
        dead-letter queue, whose alarm reports it.
        """
        function = add_function(
            scope,
            reaction,
            surroundings,
            statements=[allow_sending(self.dead_letter_queue)],
            dead_letter_queue=self.dead_letter_queue,
        )
        configuration_set = surroundings.deployment.configuration_set
        if configuration_set:
            pattern = reaction.event_pattern(configuration_set)
            events.Rule(
                scope,
                f"{reaction.name}-rule",
                description=reaction.summary,
                event_pattern=events.EventPattern(
                    source=pattern["source"],
                    detail_type=pattern["detail-type"],
                    detail=pattern["detail"],
                ),
                targets=[
                    LambdaFunction(
                        function,
                        dead_letter_queue=self.dead_letter_queue,
                        retry_attempts=RETRIES,
                    )
                ],
            )

    def add_journal_watch(
        self, scope: Construct, watch: JournalWatch, surroundings: Surroundings
    ) -> None:
        """The function that is invoked when an entry of the journal is changed or deleted, and the
        alarm that reports it. The alarm needs only the invocation, so it also reports if the
        function fails.
        """
        function, own = self._add_reader(scope, watch, surroundings)
        invoked = function.metric_invocations(period=PERIOD)
        words = (
            "An entry of the journal was changed or deleted, which Rollcall never does. Someone "
            f"has used a function's role or an operator's credentials. {watch.name} logs the entry."
        )
        add_alarm(own, "JournalAlarm", self.topic, invoked, at=1, words=words)

    def _add_reader(
        self,
        scope: Construct,
        reaction: StreamReaction | JournalWatch,
        surroundings: Surroundings,
    ) -> tuple[lambda_.Function, Construct]:
        """A function that reads the table's stream, and the scope of what belongs to it."""
        stream_arn = surroundings.table.attr_stream_arn
        function = add_function(
            scope,
            reaction,
            surroundings,
            statements=[allow_sending(self.dead_letter_queue), *_read_stream(stream_arn)],
        )
        own = Construct(scope, f"{reaction.name}-stream")
        lambda_.EventSourceMapping(
            own,
            "Source",
            target=function,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=10,
            filters=[lambda_.FilterCriteria.filter(reaction.stream_filter())],
            retry_attempts=STREAM_RETRIES,
            max_record_age=STREAM_AGE_AT_MOST,
            bisect_batch_on_error=True,
            report_batch_item_failures=isinstance(reaction, StreamReaction),
            on_failure=SqsDlq(self.dead_letter_queue),
        )
        return function, own

    def _watch(self, scope: Construct, function: lambda_.Function) -> None:
        errors = function.metric_errors(period=PERIOD)
        # A throttled call is retried, and shows as a late stream or in the dead-letter queue.
        words = "A background function fails and is retried. See its log."
        add_alarm(scope, "ErrorsAlarm", self.topic, errors, at=1, words=words)


def _read_stream(stream_arn: str) -> list[iam.PolicyStatement]:
    """The permissions that Lambda requires to poll a stream (Lambda developer guide, DynamoDB)."""
    read = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    return [
        iam.PolicyStatement(actions=read, resources=[stream_arn]),
        iam.PolicyStatement(actions=["dynamodb:ListStreams"], resources=["*"]),
    ]
