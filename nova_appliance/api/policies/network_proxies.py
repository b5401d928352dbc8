# SPDX-License-Identifier: Apache-2.0
"""Rules of security groups and floating IPs, as far as this API deals with them."""

from __future__ import annotations

from nova_appliance.api.policies.base import ANYONE, MEMBER, READER, rule

_GROUPS = "os_compute_api:os-security-groups"
GROUPS_GET, GROUPS_SHOW = f"{_GROUPS}:get", f"{_GROUPS}:show"
GROUPS_CREATE, GROUPS_UPDATE = f"{_GROUPS}:create", f"{_GROUPS}:update"
GROUPS_DELETE = f"{_GROUPS}:delete"
RULE_CREATE, RULE_DELETE = f"{_GROUPS}:rule:create", f"{_GROUPS}:rule:delete"
GROUPS_LIST = f"{_GROUPS}:list"
GROUPS_ADD, GROUPS_REMOVE = f"{_GROUPS}:add", f"{_GROUPS}:remove"
_FLOATING = "os_compute_api:os-floating-ips"
FLOATING_LIST, FLOATING_SHOW = f"{_FLOATING}:list", f"{_FLOATING}:show"
FLOATING_CREATE, FLOATING_DELETE = f"{_FLOATING}:create", f"{_FLOATING}:delete"
FLOATING_ADD, FLOATING_REMOVE = f"{_FLOATING}:add", f"{_FLOATING}:remove"
FLOATING_POOLS = "os_compute_api:os-floating-ip-pools"
FIXED_ADD, FIXED_REMOVE = "os_compute_api:os-multinic:add", "os_compute_api:os-multinic:remove"

_ACTION = "POST /servers/{server_id}/action"
_GROUP, _RULE = "/os-security-groups", "/os-security-group-rules"
_ONE_GROUP, _ONE_RULE = f"{_GROUP}/{{security_group_id}}", f"{_RULE}/{{security_group_rule_id}}"
_IP = "/os-floating-ips"
_ONE_IP = f"{_IP}/{{floating_ip_id}}"

RULES = (
    rule(GROUPS_GET, READER, "List security groups (to 2.35).", f"GET {_GROUP}"),
    rule(GROUPS_SHOW, READER, "Show one (to 2.35).", f"GET {_ONE_GROUP}"),
    rule(GROUPS_CREATE, MEMBER, "Make one (to 2.35).", f"POST {_GROUP}"),
    rule(GROUPS_UPDATE, MEMBER, "Change one (to 2.35).", f"PUT {_ONE_GROUP}"),
    rule(GROUPS_DELETE, MEMBER, "Delete one (to 2.35).", f"DELETE {_ONE_GROUP}"),
    rule(RULE_CREATE, MEMBER, "Add a rule to one (to 2.35).", f"POST {_RULE}"),
    rule(RULE_DELETE, MEMBER, "Delete a rule (to 2.35).", f"DELETE {_ONE_RULE}"),
    rule(
        GROUPS_LIST,
        READER,
        "List security groups of a server.",
        "GET /servers/{server_id}/os-security-groups",
    ),
    rule(GROUPS_ADD, MEMBER, "Put one on a server.", f"{_ACTION} (addSecurityGroup)"),
    rule(GROUPS_REMOVE, MEMBER, "Take one from it.", f"{_ACTION} (removeSecurityGroup)"),
    rule(FLOATING_LIST, READER, "List floating IPs (to 2.35).", f"GET {_IP}"),
    rule(FLOATING_SHOW, READER, "Show one (to 2.35).", f"GET {_ONE_IP}"),
    rule(FLOATING_CREATE, MEMBER, "Take one (to 2.35).", f"POST {_IP}"),
    rule(FLOATING_DELETE, MEMBER, "Give one back (to 2.35).", f"DELETE {_ONE_IP}"),
    rule(FLOATING_ADD, MEMBER, "Lead one to a server.", f"{_ACTION} (addFloatingIp)"),
    rule(FLOATING_REMOVE, MEMBER, "Lead it away.", f"{_ACTION} (removeFloatingIp)"),
    rule(FLOATING_POOLS, ANYONE, "List their pools (to 2.35).", "GET /os-floating-ip-pools"),
    rule(FIXED_ADD, MEMBER, "Add a fixed IP to a server.", f"{_ACTION} (addFixedIp)"),
    rule(FIXED_REMOVE, MEMBER, "Remove one from it.", f"{_ACTION} (removeFixedIp)"),
)
