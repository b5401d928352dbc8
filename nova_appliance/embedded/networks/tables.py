# SPDX-License-Identifier: Apache-2.0
"""The network service's tables; what must be unique is unique here, whoever asks at the same time."""

from __future__ import annotations

from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

_COMMON = """
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '[]', created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    revision_number INTEGER NOT NULL DEFAULT 0"""

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS networks ({_COMMON},
    admin_state_up INTEGER NOT NULL, shared INTEGER NOT NULL, external INTEGER NOT NULL,
    is_default INTEGER NOT NULL, mtu INTEGER NOT NULL, port_security_enabled INTEGER NOT NULL,
    dns_domain TEXT NOT NULL, zone INTEGER NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS subnets ({_COMMON},
    network_id TEXT NOT NULL REFERENCES networks (id), ip_version INTEGER NOT NULL,
    cidr TEXT NOT NULL, gateway_ip TEXT, enable_dhcp INTEGER NOT NULL,
    allocation_pools TEXT NOT NULL, dns_nameservers TEXT NOT NULL, host_routes TEXT NOT NULL,
    last_place INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS subnets_network ON subnets (network_id);
CREATE TABLE IF NOT EXISTS ports ({_COMMON},
    network_id TEXT NOT NULL REFERENCES networks (id), mac_address TEXT NOT NULL,
    admin_state_up INTEGER NOT NULL, status TEXT NOT NULL, device_id TEXT NOT NULL,
    device_owner TEXT NOT NULL, host_id TEXT NOT NULL, vnic_type TEXT NOT NULL,
    profile TEXT NOT NULL, port_security_enabled INTEGER NOT NULL,
    allowed_address_pairs TEXT NOT NULL, extra_dhcp_opts TEXT NOT NULL, dns_name TEXT NOT NULL,
    UNIQUE (network_id, mac_address));
CREATE INDEX IF NOT EXISTS ports_device ON ports (device_id);
CREATE INDEX IF NOT EXISTS ports_project ON ports (project_id);
CREATE TABLE IF NOT EXISTS addresses (
    subnet_id TEXT NOT NULL REFERENCES subnets (id), place INTEGER NOT NULL,
    port_id TEXT NOT NULL REFERENCES ports (id) ON DELETE CASCADE, ip TEXT NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY (subnet_id, place)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS addresses_port ON addresses (port_id);
CREATE INDEX IF NOT EXISTS addresses_ip ON addresses (ip);
CREATE TABLE IF NOT EXISTS security_groups ({_COMMON}, stateful INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_default_group ON security_groups (project_id)
    WHERE name = 'default';
CREATE TABLE IF NOT EXISTS rules ({_COMMON},
    group_id TEXT NOT NULL REFERENCES security_groups (id) ON DELETE CASCADE,
    direction TEXT NOT NULL, ethertype TEXT NOT NULL, protocol TEXT,
    port_range_min INTEGER, port_range_max INTEGER, remote_ip_prefix TEXT,
    remote_group_id TEXT REFERENCES security_groups (id) ON DELETE CASCADE);
CREATE UNIQUE INDEX IF NOT EXISTS one_rule_of_a_kind ON rules (
    group_id, direction, ethertype, ifnull(protocol, ''), ifnull(port_range_min, -1),
    ifnull(port_range_max, -1), ifnull(remote_ip_prefix, ''), ifnull(remote_group_id, ''));
CREATE TABLE IF NOT EXISTS port_groups (
    port_id TEXT NOT NULL REFERENCES ports (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES security_groups (id),
    PRIMARY KEY (port_id, group_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS port_groups_group ON port_groups (group_id);
CREATE TABLE IF NOT EXISTS routers ({_COMMON},
    admin_state_up INTEGER NOT NULL, enable_snat INTEGER NOT NULL, routes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS floatingips ({_COMMON},
    floating_network_id TEXT NOT NULL, floating_ip_address TEXT NOT NULL,
    own_port_id TEXT NOT NULL REFERENCES ports (id), router_id TEXT REFERENCES routers (id),
    port_id TEXT REFERENCES ports (id), fixed_ip_address TEXT, dns_name TEXT NOT NULL,
    dns_domain TEXT NOT NULL, UNIQUE (port_id, fixed_ip_address));
CREATE TABLE IF NOT EXISTS quotas (
    project_id TEXT NOT NULL, resource TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (project_id, resource)) WITHOUT ROWID
"""


def open_store(settings: Settings) -> Store:
    """The database of this cloud's networks."""
    return Store(settings.state_dir / "networks.sqlite", SCHEMA)
