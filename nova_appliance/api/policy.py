# SPDX-License-Identifier: Apache-2.0
"""Who may do what: oslo.policy with documented defaults and the operator's policy.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_policy import opts as policy_opts
from oslo_policy import policy

from nova_appliance.api.policies import (
    aggregates,
    base,
    flavors,
    hosts,
    instance_actions,
    keypairs,
    proxies,
    quotas,
    server_groups,
    server_ips,
    server_metadata,
    servers,
)
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext

FAMILIES = (
    base, servers, server_ips, server_metadata, instance_actions,
    flavors, keypairs, quotas, server_groups, aggregates, hosts, proxies,
)  # fmt: skip
"""Each module has RULES: a tuple of DocumentedRuleDefault."""


class Denied(errors.Forbidden):
    """A rule says no."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"Policy doesn't allow {rule} to be performed.")


def make_enforcer(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """The rules of all families, with what the operator's file overrides."""
    policy_opts.set_defaults(conf, conf.api.policy_file)
    enforcer = policy.Enforcer(conf)
    for family in FAMILIES:
        enforcer.register_defaults(family.RULES)
    enforcer.load_rules()
    return enforcer


def is_admin(enforcer: policy.Enforcer, context: RequestContext) -> bool:
    """Whether the deployment counts this caller as an administrator."""
    return bool(enforcer.authorize("context_is_admin", {}, context.to_policy_values()))


def enforce(req: Any, rule: str, target: Mapping[str, Any] | None = None) -> None:
    """Raises Denied unless the caller may do this to `target` (default: the caller's own)."""
    if not may(req, rule, target):
        raise Denied(rule)


def may(req: Any, rule: str, target: Mapping[str, Any] | None = None) -> bool:
    """Whether the caller may do this to `target` (default: the caller's own project)."""
    enforcer: policy.Enforcer = req.environ["nova.policy"]
    try:
        aim = own(req) if target is None else target
        return bool(enforcer.authorize(rule, aim, req.context, do_raise=False))
    except policy.InvalidScope:
        return False


def own(req: Any) -> dict[str, Any]:
    """The caller as a target."""
    return {"project_id": req.context.project_id, "user_id": req.context.user_id}


def owner_of(thing: Any) -> dict[str, Any]:
    """The owner of a loaded object as a target."""
    return {"project_id": thing.project_id, "user_id": getattr(thing, "user_id", None)}
