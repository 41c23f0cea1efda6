"""AWS WAF in front of the API, if the settings enable it: limits per IP address.

It has no rules about the content of requests. AWS's common rule set refuses bodies over 8 KB,
queries over 2 KB and texts that look like scripts or paths (WAF Developer Guide, "Baseline rule
groups"), all of which the API accepts. Each operation checks its request itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from rollcall.kit.cors import allow_reading
from rollcall.kit.errors import Throttled
from rollcall.kit.http import SECURITY_HEADERS
from rollcall_infra.deployment import Deployment
from rollcall_infra.gateway import AnyOperation
from rollcall_infra.rest_api import STAGE

_REFUSED = "This address has sent too many requests. Wait, then send the request again."
BODY = "throttled"
"""The key of the body that refused requests are answered with."""
WINDOW, PUBLIC_WINDOW = 300, 60
"""The seconds for which requests are counted, of all routes and of the public ones."""


def add_firewall(
    scope: Construct,
    stage: apigateway.Stage,
    operations: Iterable[AnyOperation],
    deployment: Deployment,
) -> None:
    """Put a web ACL in front of the stage, with one limit for all routes and a lower one for the
    routes that need no token.
    """
    origin = deployment.allowed_origin
    problem = Throttled("throttled", _REFUSED)
    acl = waf.CfnWebACL(
        scope,
        "Firewall",
        scope="REGIONAL",
        default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=_count_as("firewall"),
        custom_response_bodies={
            BODY: waf.CfnWebACL.CustomResponseBodyProperty(
                content=json.dumps(problem.body(request_id="")), content_type="APPLICATION_JSON"
            )
        },
        rules=[
            _limit("limit", 0, deployment.requests_per_address, WINDOW, origin=origin),
            _limit(
                "public-limit",
                1,
                deployment.public_requests_per_address,
                PUBLIC_WINDOW,
                origin=origin,
                only=_match_path(match_public(operations)),
            ),
        ],
    )
    waf.CfnWebACLAssociation(
        scope, "FirewallPlace", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn
    )


def match_public(operations: Iterable[AnyOperation]) -> str:
    """A regular expression for the decoded paths of the public operations. The path begins with the
    stage, or has none behind a domain of its own. It matches everything below the constant part of
    a route, so that no way to write a token avoids the limit.

    WAF has no groups that capture (Developer Guide, "Supported regular expression syntax").
    """
    constant = {each.public_path.partition("/{")[0] for each in operations if each.public}
    routes = "|".join(sorted(re.escape(each.strip("/")) for each in constant))
    return rf"^(?:/+{STAGE})?/+(?:{routes})(?:/|$)"


def _limit(
    name: str,
    priority: int,
    at_most: int,
    window: int,
    *,
    origin: str,
    only: waf.CfnWebACL.StatementProperty | None = None,
) -> waf.CfnWebACL.RuleProperty:
    """A rule that refuses an address while it has sent more requests than this."""
    statement = waf.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP",
        limit=at_most,
        evaluation_window_sec=window,
        scope_down_statement=only,
    )
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(
            block=waf.CfnWebACL.BlockActionProperty(custom_response=_answer(window, origin))
        ),
        statement=waf.CfnWebACL.StatementProperty(rate_based_statement=statement),
        visibility_config=_count_as(name),
    )


def _answer(window: int, origin: str) -> waf.CfnWebACL.CustomResponseProperty:
    """429, with the seconds after which the window is over. By default, WAF answers 403, which says
    that no later attempt is accepted. WAF sets the type of the body, and has only application/json
    for JSON (AWS WAF API Reference, CustomResponse and CustomResponseBody).
    """
    refusal = Throttled("throttled", _REFUSED, retry_after=window)
    headers = {**refusal.headers, **SECURITY_HEADERS, **allow_reading(origin)}
    return waf.CfnWebACL.CustomResponseProperty(
        response_code=refusal.status,
        custom_response_body_key=BODY,
        response_headers=[
            waf.CfnWebACL.CustomHTTPHeaderProperty(name=name, value=value)
            for name, value in headers.items()
        ],
    )


def _match_path(pattern: str) -> waf.CfnWebACL.StatementProperty:
    decode = waf.CfnWebACL.TextTransformationProperty(priority=0, type="URL_DECODE")
    return waf.CfnWebACL.StatementProperty(
        regex_match_statement=waf.CfnWebACL.RegexMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            regex_string=pattern,
            text_transformations=[decode],
        )
    )


def _count_as(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Metrics, but no samples of requests: their paths can contain tokens of links (I17)."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
