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
    assisted_snapshots,
    base,
    certificates,
    external_events,
    flavors,
    hosts,
    instance_actions,
    keypairs,
    migrations,
    network_proxies,
    proxies,
    quotas,
    remote_consoles,
    server_actions,
    server_extras,
    server_groups,
    server_ips,
    server_life,
    server_metadata,
    server_moves,
    server_shares,
    server_tags,
    servers,
    usage,
    volume_attachments,
    volume_proxies,
)
from nova_appliance.common import clock, errors
from nova_appliance.common.context import RequestContext

FAMILIES = (
    base, servers, server_actions, server_ips, server_metadata, instance_actions, remote_consoles,
    flavors, keypairs, quotas, server_groups, aggregates, hosts, proxies, external_events, assisted_snapshots,
    server_shares, server_tags, network_proxies, server_extras, server_life, usage, migrations, certificates,
    server_moves, volume_attachments, volume_proxies,
)  # fmt: skip
"""Each module has RULES: a tuple of DocumentedRuleDefault."""

KEY = "nova.policy"
"""Key of the WSGI environment under which the Rules stand."""

KEEP_S = 5.0
MOST = 10000
"""Decisions kept at most."""


class Denied(errors.Forbidden):
    """A rule says no."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"Policy doesn't allow {rule} to be performed.")


class Rules:
    """The rules in force; each decision is kept for some seconds, so that lists stay fast.

    A changed policy file therefore counts after KEEP_S.
    """

    def __init__(self, enforcer: policy.Enforcer) -> None:
        self._enforcer = enforcer
        self._decisions: dict[object, bool] = {}
        self._empty_at = 0.0

    def allow(self, rule: str, target: Mapping[str, Any], context: RequestContext) -> bool:
        """Whether that caller may do this to that target."""
        now = clock.SYSTEM.monotonic()
        if now > self._empty_at or len(self._decisions) > MOST:
            self._decisions, self._empty_at = {}, now + KEEP_S
        asked = (rule, *target.items(), *_facts(context))
        decided = self._decisions.get(asked)
        if decided is None:
            decided = self._decisions[asked] = self._ask(rule, target, context)
        return decided

    def is_admin(self, context: RequestContext) -> bool:
        """Whether the deployment counts this caller as an administrator."""
        return self.allow("context_is_admin", {}, context)

    def _ask(self, rule: str, target: Mapping[str, Any], context: RequestContext) -> bool:
        try:
            return bool(self._enforcer.authorize(rule, target, context, do_raise=False))
        except policy.InvalidScope:
            return False


def make_rules(conf: cfg.ConfigOpts) -> Rules:
    """The rules of all families, with what the operator's file overrides."""
    policy_opts.set_defaults(conf, conf.api.policy_file)
    enforcer = policy.Enforcer(conf)
    for family in FAMILIES:
        enforcer.register_defaults(family.RULES)
    enforcer.load_rules()
    return Rules(enforcer)


def enforce(req: Any, rule: str, target: Mapping[str, Any] | None = None) -> None:
    """Raises Denied unless the caller may do this to `target` (default: the caller's own)."""
    if not may(req, rule, target):
        raise Denied(rule)


def may(req: Any, rule: str, target: Mapping[str, Any] | None = None) -> bool:
    """Whether the caller may do this to `target` (default: the caller's own project)."""
    rules: Rules = req.environ[KEY]
    return rules.allow(rule, own(req) if target is None else target, req.context)


def _facts(context: RequestContext) -> tuple[object, ...]:
    """All of a caller that rules may look at."""
    return (
        context.user_id,
        context.project_id,
        *(context.roles or ()),
        context.is_admin,
        context.system_scope,
        context.domain_id,
        *(context.service_roles or ()),
    )


def own(req: Any) -> dict[str, Any]:
    """The caller as a target."""
    return {"project_id": req.context.project_id, "user_id": req.context.user_id}


def owner_of(thing: Any) -> dict[str, Any]:
    """The owner of a loaded object as a target."""
    return {"project_id": thing.project_id, "user_id": getattr(thing, "user_id", None)}
