"""AWS WAF in front of the API, when the context enables it."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

REQUESTS_PER_ADDRESS = 2_000
"""Per IP address in five minutes. An office of admins stays far below it."""


def add_firewall(scope: Construct, stage: apigateway.Stage) -> None:
    """The AWS common rule set, and a limit per IP address, in front of a stage."""
    common = waf.CfnWebACL.StatementProperty(
        managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS", name="AWSManagedRulesCommonRuleSet"
        )
    )
    limit = waf.CfnWebACL.StatementProperty(
        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
            aggregate_key_type="IP", limit=REQUESTS_PER_ADDRESS
        )
    )
    acl = waf.CfnWebACL(
        scope,
        "Firewall",
        scope="REGIONAL",
        default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=_count_as("firewall"),
        rules=[
            waf.CfnWebACL.RuleProperty(
                name="limit",
                priority=0,
                action=waf.CfnWebACL.RuleActionProperty(block={}),
                statement=limit,
                visibility_config=_count_as("limit"),
            ),
            waf.CfnWebACL.RuleProperty(
                name="common",
                priority=1,
                override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
                statement=common,
                visibility_config=_count_as("common"),
            ),
        ],
    )
    waf.CfnWebACLAssociation(
        scope, "FirewallPlace", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn
    )


def _count_as(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
