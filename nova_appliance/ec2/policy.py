# SPDX-License-Identifier: Apache-2.0
"""Who may call what: one rule of oslo.policy an action (ec2:RunInstances), open to policy.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from oslo_config import cfg
from oslo_policy import opts as policy_opts
from oslo_policy import policy

from nova_appliance.common.context import RequestContext
from nova_appliance.ec2.faults import Fault

READER = "role:reader or role:member or rule:context_is_admin"
MEMBER = "role:member or rule:context_is_admin"


def make_enforcer(conf: cfg.ConfigOpts, actions: Mapping[str, bool]) -> policy.Enforcer:
    """Rules of these actions: name > whether it changes anything."""
    policy_opts.set_defaults(conf, conf.api.policy_file)
    enforcer = policy.Enforcer(conf)
    enforcer.register_default(
        policy.RuleDefault("context_is_admin", "role:admin", "Who is an administrator.")
    )
    enforcer.register_defaults([_rule(name, changes) for name, changes in actions.items()])
    enforcer.load_rules()
    return enforcer


def is_admin(enforcer: policy.Enforcer, context: RequestContext) -> bool:
    """Whether the deployment counts this caller as an administrator."""
    return bool(enforcer.authorize("context_is_admin", {}, context.to_policy_values()))


def enforce(enforcer: policy.Enforcer, context: RequestContext, action: str) -> None:
    """Raises Fault (UnauthorizedOperation) unless the caller may call the action."""
    target = {"project_id": context.project_id, "user_id": context.user_id}
    if not enforcer.authorize(f"ec2:{action}", target, context, do_raise=False):
        raise Fault("UnauthorizedOperation", f"You are not authorized to call {action}.")


def _rule(action: str, changes: bool) -> policy.DocumentedRuleDefault:  # noqa: FBT001 - a row
    return policy.DocumentedRuleDefault(
        name=f"ec2:{action}",
        check_str=MEMBER if changes else READER,
        description=f"Call {action} of the EC2 API.",
        operations=[{"method": "POST", "path": f"/ ({action})"}],
        scope_types=["project"],
    )
