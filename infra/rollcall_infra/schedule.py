"""The schedule of a job: EventBridge Scheduler invokes its function."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from rollcall.kit.job import Job
from rollcall_infra.deployment import Deployment

RETRIES = 3
"""Of the invocation only: Lambda retries a function that fails."""
WINDOW_AT_MOST = timedelta(hours=1)


def add_schedule(
    scope: Construct,
    job: Job[Any],
    function: lambda_.Function,
    dead_letter_queue: sqs.Queue,
    deployment: Deployment,
) -> None:
    """Invoke the function at the job's interval, or on the schedule in the deployment's settings.
    Failed invocations go to the dead-letter queue.
    """
    schedule = scheduler.CfnSchedule
    schedule(
        scope,
        "Schedule",
        description=job.summary,
        schedule_expression=_express(job, deployment),
        flexible_time_window=_spread(job),
        target=schedule.TargetProperty(
            arn=function.function_arn,
            role_arn=_add_role(scope, function, dead_letter_queue).role_arn,
            dead_letter_config=schedule.DeadLetterConfigProperty(arn=dead_letter_queue.queue_arn),
            retry_policy=schedule.RetryPolicyProperty(maximum_retry_attempts=RETRIES),
        ),
    )


def _spread(job: Job[Any]) -> scheduler.CfnSchedule.FlexibleTimeWindowProperty:
    """The window in which a job at an interval starts: a quarter of the interval, an hour at most.
    The intervals of all jobs begin with the deployment, so without it they would start at once.
    A job with a time of its own starts at that time (EventBridge Scheduler user guide, rate-based
    schedules and flexible time windows).
    """
    window = scheduler.CfnSchedule.FlexibleTimeWindowProperty
    if job.every is None:
        return window(mode="OFF")
    minutes = min(job.every / 4, WINDOW_AT_MOST) // timedelta(minutes=1)
    return window(mode="FLEXIBLE", maximum_window_in_minutes=max(minutes, 1))


def _express(job: Job[Any], deployment: Deployment) -> str:
    if job.every is None:
        return str(getattr(deployment, str(job.cron_setting)))
    every = Duration.minutes(job.every // timedelta(minutes=1))
    return scheduler.ScheduleExpression.rate(every).expression_string


def allow_sending(queue: sqs.Queue) -> iam.PolicyStatement:
    """Permission to send messages to a queue."""
    return iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])


def _add_role(
    scope: Construct, function: lambda_.Function, dead_letter_queue: sqs.Queue
) -> iam.Role:
    own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    invoke = iam.PolicyStatement(
        actions=["lambda:InvokeFunction"], resources=[function.function_arn]
    )
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account),
        inline_policies={
            "invoke": iam.PolicyDocument(statements=[invoke, allow_sending(dead_letter_queue)])
        },
    )
