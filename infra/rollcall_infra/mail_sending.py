"""Amazon SES and Amazon SNS for the mails and text messages of a deployment, Cognito's included."""

from __future__ import annotations

from email.utils import parseaddr

from aws_cdk import Annotations, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ses as ses
from constructs import Construct

from rollcall_infra.deployment import Deployment

COGNITO_SENDS = (
    "mailSender is not set: no invitation, registration link or notification is mailed. Cognito "
    "sends first passwords and reset codes from an address of its own, and not more than 50 mails "
    "a day. Set mailSender to an address that is verified in SES."
)
"""The limit is from the Amazon Cognito developer guide, quotas."""


def add_configuration_set(
    scope: Construct, deployment: Deployment
) -> list[ses.CfnConfigurationSet]:
    """The configuration set that mails are sent with, unless it exists, and the event destination
    that publishes bounces and complaints to EventBridge's default bus, the only one that SES can
    use. Without a sender there is neither, and the synthesis warns.
    """
    if not deployment.mail_sender:
        Annotations.of(scope).add_warning_v2("rollcall:mailSender", COGNITO_SENDS)
        return []
    own = [] if deployment.mail_configuration_set else [_add_own(scope, deployment)]
    bus = Stack.of(scope).format_arn(
        service="events", resource="event-bus", resource_name="default"
    )
    destination = ses.CfnConfigurationSetEventDestination
    failures = destination(
        scope,
        "MailFailures",
        configuration_set_name=deployment.configuration_set,
        event_destination=destination.EventDestinationProperty(
            name=f"{deployment.prefix}-failures",
            enabled=True,
            matching_event_types=["bounce", "complaint"],
            event_bridge_destination=destination.EventBridgeDestinationProperty(event_bus_arn=bus),
        ),
    )
    for each in own:
        failures.add_resource_dependency(each)
    return own


def _add_own(scope: Construct, deployment: Deployment) -> ses.CfnConfigurationSet:
    made = ses.CfnConfigurationSet(scope, "ConfigurationSet", name=deployment.configuration_set)
    # A user pool that is retained still sends with it.
    made.apply_removal_policy(deployment.size.removal)
    return made


def list_mail_resources(scope: Construct, deployment: Deployment) -> tuple[str, ...]:
    """The ARNs that sending a mail needs: the address or its domain, whichever is verified, and
    the configuration set (Service Authorization Reference, SES v2).
    """
    address = parseaddr(deployment.mail_sender)[1]
    if not address:
        return ()
    stack = Stack.of(scope)
    identities = (_identity_arn(stack, each) for each in (address, address.rpartition("@")[2]))
    configuration_set = stack.format_arn(
        service="ses", resource="configuration-set", resource_name=deployment.configuration_set
    )
    return (*identities, configuration_set)


def configure_email(
    scope: Construct, deployment: Deployment
) -> cognito.CfnUserPool.EmailConfigurationProperty | None:
    """How the user pool sends mail; None: with Cognito's own sender. The source is the address,
    which can be verified itself or belong to a verified domain (Amazon Cognito API reference,
    EmailConfigurationType). Cognito uses a service-linked role to send with it.
    """
    if not deployment.mail_sender:
        return None
    address = parseaddr(deployment.mail_sender)[1]
    return cognito.CfnUserPool.EmailConfigurationProperty(
        email_sending_account="DEVELOPER",
        source_arn=_identity_arn(Stack.of(scope), address),
        from_=deployment.mail_sender,
        configuration_set=deployment.configuration_set,
    )


def configure_sms(
    scope: Construct, deployment: Deployment
) -> cognito.CfnUserPool.SmsConfigurationProperty | None:
    """How the user pool sends text messages; None: not at all. Cognito assumes the role with the
    external id (Amazon Cognito developer guide, SMS message settings). The role can publish to
    phone numbers, which have no ARN, but to no topic.
    """
    if not deployment.sms:
        return None
    stack = Stack.of(scope)
    external_id = f"{deployment.prefix}-user-pool"
    topics = stack.format_arn(service="sns", region="*", account="*", resource="*")
    publish = iam.PolicyStatement(actions=["sns:Publish"], not_resources=[topics])
    role = iam.Role(
        scope,
        "SmsRole",
        assumed_by=iam.ServicePrincipal(
            "cognito-idp.amazonaws.com",
            conditions={
                "StringEquals": {
                    "sts:ExternalId": external_id,
                    "aws:SourceAccount": stack.account,
                }
            },
        ),
        inline_policies={"publish": iam.PolicyDocument(statements=[publish])},
    )
    return cognito.CfnUserPool.SmsConfigurationProperty(
        external_id=external_id, sns_caller_arn=role.role_arn, sns_region=stack.region
    )


def _identity_arn(stack: Stack, name: str) -> str:
    return stack.format_arn(service="ses", resource="identity", resource_name=name)
