"""The decorators of jobs and reactions: the rest of the composition root."""

from __future__ import annotations

from rollcall.kit.background import Background
from rollcall.operations import connect

_background = Background(connect=connect)
job = _background.job
stream_reaction = _background.stream_reaction
cognito_reaction = _background.cognito_reaction
deployment_reaction = _background.deployment_reaction
deployment_guard = _background.deployment_guard
journal_watch = _background.journal_watch
