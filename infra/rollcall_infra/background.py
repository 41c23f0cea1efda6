"""Functions without a caller: jobs on their schedules, and reactions to the journal's stream.

No caller sees their failures, so each failure ends in a dead-letter queue and an alarm (I20).
"""

from __future__ import annotations

from collections.abc import Mapping
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
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from rollcall.kit.delivery import match_new_entries, write_subscriptions
from rollcall.kit.dispatch import EntryDispatch
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
REACTION_RETRIES = 2
REACTION_AGE_AT_MOST = Duration.hours(6)
"""The most that Lambda accepts (AWS Lambda API reference, PutFunctionEventInvokeConfig). It repeats
a failed invocation one and two minutes later, and a throttled one until this age. Then the event
goes to the dead-letter queue.
"""
BATCH = 10
"""Records per invocation of a reader. A reaction receives the entries of one invocation together,
and has to process them within its timeout.
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
    ) -> lambda_.Function:
        """A reaction's function. The dispatch invokes it asynchronously: it has its own queue in
        Lambda, and its own retries.
        """
        sending = allow_sending(self.dead_letter_queue)
        function = add_function(scope, reaction, surroundings, statements=[sending])
        own = Construct(scope, f"{reaction.name}-stream")
        lambda_.EventInvokeConfig(
            own,
            "Queue",
            function=function,
            retry_attempts=REACTION_RETRIES,
            max_event_age=REACTION_AGE_AT_MOST,
            on_failure=SqsDestination(self.dead_letter_queue),
        )
        self._watch(own, function)
        return function

    def add_entry_dispatch(
        self,
        scope: Construct,
        dispatch: EntryDispatch,
        reactions: Mapping[StreamReaction, lambda_.Function],
        surroundings: Surroundings,
    ) -> None:
        """The function that delivers new entries of the table's stream to these reactions."""
        arns = [each.function_arn for each in reactions.values()]
        invoke = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=arns)
        # With references, a deployment creates the functions before entries are sent to them.
        names = {each.function_name: reaction.kinds for reaction, each in reactions.items()}
        own_settings = {
            "subscriptions": write_subscriptions(names),
            "dead_letter_queue_url": self.dead_letter_queue.queue_url,
        }
        stream_arn = surroundings.table.attr_stream_arn
        sending = allow_sending(self.dead_letter_queue)
        function = add_function(
            scope,
            dispatch,
            surroundings,
            statements=[sending, invoke, *_read_stream(stream_arn)],
            settings=own_settings,
        )
        own = Construct(scope, f"{dispatch.name}-stream")
        self._add_source(own, function, stream_arn, match_new_entries(names))
        self._watch(own, function)
        age = function.metric("IteratorAge", statistic="Maximum", period=PERIOD)
        words = f"The reactions are behind the journal. Read the log of {dispatch.name}."
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
        stream_arn = surroundings.table.attr_stream_arn
        sending = allow_sending(self.dead_letter_queue)
        statements = [sending, *_read_stream(stream_arn)]
        function = add_function(scope, watch, surroundings, statements=statements)
        own = Construct(scope, f"{watch.name}-stream")
        self._add_source(own, function, stream_arn, watch.stream_filter())
        invoked = function.metric_invocations(period=PERIOD)
        words = (
            "An entry of the journal was changed or deleted, which Rollcall never does. Someone "
            f"has used a function's role or an operator's credentials. {watch.name} logs the entry."
        )
        add_alarm(own, "JournalAlarm", self.topic, invoked, at=1, words=words)

    def _add_source(
        self, scope: Construct, function: lambda_.Function, stream_arn: str, pattern: dict[str, Any]
    ) -> None:
        """Invoke the function for the records of the stream that match the pattern. A shard of the
        stream has at most two readers (kit/dispatch.py).
        """
        lambda_.EventSourceMapping(
            scope,
            "Source",
            target=function,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=BATCH,
            filters=[lambda_.FilterCriteria.filter(pattern)],
            retry_attempts=STREAM_RETRIES,
            max_record_age=STREAM_AGE_AT_MOST,
            bisect_batch_on_error=True,
            on_failure=SqsDlq(self.dead_letter_queue),
        )

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
