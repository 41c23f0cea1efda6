"""Alarms, and the topic that they report to."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

PERIOD = Duration.minutes(5)


def add_topic(scope: Construct) -> sns.Topic:
    """The topic. Operators subscribe to it to receive alarms."""
    topic = sns.Topic(scope, "Alarms", enforce_ssl=True)
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return topic


def add_alarm(
    scope: Construct,
    name: str,
    topic: sns.ITopic,
    metric: cloudwatch.IMetric,
    *,
    at: float,
    words: str,
) -> None:
    """Alarm when the metric reaches ``at``. ``words`` is the alarm's description, and says what to
    do.
    """
    alarm = cloudwatch.Alarm(
        scope,
        name,
        alarm_description=words,
        metric=metric,
        threshold=at,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    alarm.add_alarm_action(SnsAction(topic))
