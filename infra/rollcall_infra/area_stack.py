"""The functions of one area with their triggers, as a nested stack.

A stack can have 500 resources (CloudFormation quotas), and an operation is three of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import CustomResource, Duration, FileSystem, NestedStack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from rollcall.kit.declaration import Declaration
from rollcall.kit.dispatch import EntryDispatch
from rollcall.kit.job import Job
from rollcall.kit.mail_event import MailEventReaction
from rollcall.kit.reaction import DeploymentReaction, JournalWatch, StreamReaction
from rollcall_infra.background import Background
from rollcall_infra.function import Surroundings, add_function
from rollcall_infra.layers import build_function

_BACKGROUND = (Job, StreamReaction, EntryDispatch, JournalWatch, MailEventReaction)
"""The kinds of declarations without a caller."""
RETRIED_WITHIN = 180
"""The seconds until Lambda has retried an asynchronous invocation twice, besides their runs (Lambda
developer guide, asynchronous invocation)."""
WAITED_AT_MOST = 3600
"""The seconds that CloudFormation waits for a custom resource (ServiceTimeout)."""


class AreaStack(NestedStack):
    """The functions of one folder in ``functions``; those that have moved stay in their first."""

    def __init__(
        self,
        scope: Construct,
        area: str,
        declarations: Iterable[Declaration],
        *,
        surroundings: Surroundings,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, area)
        self._surroundings = surroundings
        background: list[Declaration] = []
        for declaration in declarations:
            if isinstance(declaration, _BACKGROUND):
                background.append(declaration)
            elif isinstance(declaration, DeploymentReaction):
                self._add_deployment_reaction(declaration)
            else:
                add_function(self, declaration, surroundings)
        if background:
            self._add_background(background, Background.of(self, topic))

    def _add_background(self, declared: Iterable[Declaration], background: Background) -> None:
        surroundings = self._surroundings
        reactions: dict[StreamReaction, lambda_.Function] = {}
        # The dispatch refers to the functions of all reactions.
        for declaration in sorted(declared, key=lambda each: isinstance(each, EntryDispatch)):
            if isinstance(declaration, Job):
                background.add_job(self, declaration, surroundings)
            elif isinstance(declaration, StreamReaction):
                function = background.add_stream_reaction(self, declaration, surroundings)
                reactions[declaration] = function
            elif isinstance(declaration, EntryDispatch):
                background.add_entry_dispatch(self, declaration, reactions, surroundings)
            elif isinstance(declaration, JournalWatch):
                background.add_journal_watch(self, declaration, surroundings)
            elif isinstance(declaration, MailEventReaction):
                background.add_mail_event_reaction(self, declaration, surroundings)

    def _add_deployment_reaction(self, reaction: DeploymentReaction) -> None:
        function = add_function(self, reaction, self._surroundings)
        surroundings = self._surroundings
        CustomResource(
            self,
            f"{reaction.name}-run",
            service_token=function.function_arn,
            # A custom resource runs again when a property changes: the admin, a table of keys that
            # is still empty, or the code, which may have new built-in roles or other columns.
            properties={
                "firstAdminEmail": surroundings.deployment.first_admin_email,
                "keyTable": surroundings.keys.ref,
                "layers": [each.layer_version_arn for each in surroundings.layers_of(reaction)],
                "code": FileSystem.fingerprint(str(build_function(reaction))),
            },
            service_timeout=Duration.seconds(
                min(3 * reaction.timeout + RETRIED_WITHIN, WAITED_AT_MOST)
            ),
        )
