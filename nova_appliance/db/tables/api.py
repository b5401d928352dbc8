# SPDX-License-Identifier: Apache-2.0
"""Tables of the database `nova_api`: what the whole deployment shares."""

from __future__ import annotations

import sqlalchemy as sa

from nova_appliance.db.tables.columns import (
    BIG_ID,
    JSON_TEXT,
    UTC_TIME,
    row_number,
    text,
    uuid_column,
)

METADATA = sa.MetaData()


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, METADATA, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4")


CELLS = _table(
    "cells",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("name", text(255), nullable=False, unique=True),
    sa.Column("transport_url", sa.Text, nullable=False),
    sa.Column("database_connection", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)
"""Cell mappings; cell0 has the id of all zeros."""

SERVER_MAPPINGS = _table(
    "server_mappings",
    row_number(),
    uuid_column("server_id", nullable=False, unique=True),
    uuid_column("cell_id", nullable=False),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    uuid_column("group_id"),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Index("ix_server_mappings_project", "project_id", "user_id"),
    sa.Index("ix_server_mappings_cell", "cell_id"),
    sa.Index("ix_server_mappings_group", "group_id"),
)
"""Where each living server is, and what it counts against quotas; gone with the server."""

PROJECT_LOCKS = _table(
    "project_locks",
    sa.Column("project_id", text(255), primary_key=True),
    sa.Column("turn", BIG_ID, nullable=False, default=0),
)
"""One row a project, updated first in each transaction that checks its quota."""

FLAVORS = _table(
    "flavors",
    row_number(),
    sa.Column("flavor_id", text(255), nullable=False, unique=True),
    sa.Column("name", text(255), nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("root_gib", sa.Integer, nullable=False),
    sa.Column("ephemeral_gib", sa.Integer, nullable=False, default=0),
    sa.Column("swap_mib", sa.Integer, nullable=False, default=0),
    sa.Column("rxtx_factor", sa.Float, nullable=False, default=1.0),
    sa.Column("is_public", sa.Boolean, nullable=False, default=True),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("description", sa.Text),
    sa.Column("extra_specs", JSON_TEXT, nullable=False, default="{}"),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)

FLAVOR_ACCESS = _table(
    "flavor_access",
    row_number(),
    sa.Column("flavor_row", BIG_ID, sa.ForeignKey("flavors.row", ondelete="CASCADE")),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("flavor_row", "project_id", name="uq_flavor_access"),
)

KEYPAIRS = _table(
    "keypairs",
    row_number(),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("name", text(255), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False, default="ssh"),
    sa.Column("fingerprint", sa.String(255), nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("user_id", "name", name="uq_keypairs"),
)

QUOTAS = _table(
    "quotas",
    row_number(),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("user_id", text(255), nullable=False, default=""),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("hard_limit", sa.Integer, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.UniqueConstraint("project_id", "user_id", "resource", name="uq_quotas"),
)
"""Limits set for a project (user_id empty) or for one user in it; -1 is no limit."""

QUOTA_CLASSES = _table(
    "quota_classes",
    row_number(),
    sa.Column("class_name", text(255), nullable=False),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("hard_limit", sa.Integer, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.UniqueConstraint("class_name", "resource", name="uq_quota_classes"),
)

SERVER_GROUPS = _table(
    "server_groups",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("project_id", text(255), nullable=False, index=True),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("name", text(255), nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),
    sa.Column("rules", JSON_TEXT, nullable=False, default="{}"),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)
"""Members are the server_mappings with this group_id."""

AGGREGATES = _table(
    "aggregates",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("name", text(255), nullable=False, unique=True),
    sa.Column("metadata", JSON_TEXT, nullable=False, default="{}"),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)
"""`metadata.availability_zone` makes an aggregate a zone. The API's id is `row`, its uuid `id`."""

AGGREGATE_HOSTS = _table(
    "aggregate_hosts",
    row_number(),
    sa.Column("aggregate_row", BIG_ID, sa.ForeignKey("aggregates.row", ondelete="CASCADE")),
    sa.Column("host", text(255), nullable=False, index=True),
    sa.UniqueConstraint("aggregate_row", "host", name="uq_aggregate_hosts"),
)

HOSTS = _table(
    "hosts",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    uuid_column("cell_id", nullable=False),
    sa.Column("host", text(255), nullable=False),
    sa.Column("node", text(255), nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.BigInteger, nullable=False),
    sa.Column("disk_gib", sa.BigInteger, nullable=False),
    sa.Column("vcpus_limit", sa.Integer, nullable=False),
    sa.Column("memory_limit_mib", sa.BigInteger, nullable=False),
    sa.Column("disk_limit_gib", sa.BigInteger, nullable=False),
    sa.Column("vcpus_used", sa.Integer, nullable=False, default=0),
    sa.Column("memory_used_mib", sa.BigInteger, nullable=False, default=0),
    sa.Column("disk_used_gib", sa.BigInteger, nullable=False, default=0),
    sa.Column("servers", sa.Integer, nullable=False, default=0),
    sa.Column("building", sa.Integer, nullable=False, default=0),
    sa.Column("failed_builds", sa.Integer, nullable=False, default=0),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("hypervisor_version", sa.Integer, nullable=False),
    sa.Column("inventory", JSON_TEXT, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.UniqueConstraint("host", "node", name="uq_hosts"),
    sa.Index("ix_hosts_room", "disabled", "memory_limit_mib"),
)
"""Hypervisor nodes: `*_limit` = (total - reserved) * ratio; `*_used` = sums of the claims below,
changed only together with them, in one transaction; `building` counts claims not settled.
`inventory` is domain.host.Inventory; hypervisor_version stands beside it for the weigher."""

CLAIMS = _table(
    "claims",
    row_number(),
    uuid_column("server_id", nullable=False),
    uuid_column("host_id", nullable=False, index=True),
    sa.Column("purpose", sa.String(16), nullable=False, default="run"),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("disk_gib", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("server_id", "host_id", "purpose", name="uq_claims"),
)
"""Allocations: what a server holds on a host; `purpose` tells a resize's second claim apart."""

REQUEST_SPECS = _table(
    "request_specs",
    uuid_column("server_id", primary_key=True),
    sa.Column("spec", JSON_TEXT, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)
"""What the scheduler was asked for, kept for later moves."""

EC2_IDS = _table(
    "ec2_ids",
    row_number(),
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("ec2_id", text(32), nullable=False, unique=True),
    sa.Column("thing_id", text(512), nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("prefix", "thing_id", name="uq_ec2_ids"),
)
"""Which thing an EC2 id means: `prefix` is its kind (i, ami, sg), `thing_id` a UUID or name."""

EC2_CLIENT_TOKENS = _table(
    "ec2_client_tokens",
    row_number(),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("token", text(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("answer", text(255), nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("project_id", "action", "token", name="uq_ec2_client_tokens"),
    sa.Index("ix_ec2_client_tokens_age", "created_at"),
)
"""ClientToken of a call > what it makes (`answer`, decided beforehand), so it is made once."""

EC2_TAGS = _table(
    "ec2_tags",
    row_number(),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("ec2_id", text(32), nullable=False),
    sa.Column("key", text(128), nullable=False),
    sa.Column("value", text(256), nullable=False),
    sa.UniqueConstraint("project_id", "ec2_id", "key", name="uq_ec2_tags"),
)
"""EC2's tags of everything but servers (theirs are metadata), and of servers still in the making."""

EC2_DOCUMENTS = _table(
    "ec2_documents",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("name", text(255), nullable=False),
    sa.Column("body", JSON_TEXT, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("project_id", "kind", "name", name="uq_ec2_documents"),
)
"""What EC2's users make that is nowhere but here: launch templates, their versions, DHCP options."""

AUTHORITIES = _table(
    "authorities",
    row_number(),
    sa.Column("project_id", text(255), nullable=False, unique=True),
    sa.Column("certificate", sa.Text, nullable=False),
    sa.Column("sealed_key", sa.Text, nullable=False),
    sa.Column("revocation_list", JSON_TEXT),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
)
"""nova-cert's authorities: the root has the empty project; keys are encrypted ([certificates] secrets)."""

CERTIFICATES = _table(
    "certificates",
    row_number(),
    sa.Column("serial", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", text(255), nullable=False),
    sa.Column("pem", sa.Text, nullable=False),
    sa.Column("project_id", text(255)),
    sa.Column("user_id", text(255)),
    sa.Column("not_before", UTC_TIME, nullable=False),
    sa.Column("not_after", UTC_TIME, nullable=False),
    sa.Column("revoked_at", UTC_TIME),
    sa.Column("reason", sa.String(32)),
    sa.Index("ix_certificates_project", "project_id", "user_id"),
    sa.Index("ix_certificates_end", "not_after"),
)
"""Every certificate that an authority signed, without its key."""

PCI_DEVICES = _table(
    "pci_devices",
    row_number(),
    uuid_column("host_id", nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("vendor_id", sa.String(4), nullable=False),
    sa.Column("product_id", sa.String(4), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("numa_node", sa.Integer),
    sa.Column("parent", sa.String(64)),
    sa.Column("mdev_type", text(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    uuid_column("server_id", index=True),
    sa.Column("purpose", sa.String(16)),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.UniqueConstraint("host_id", "address", name="uq_pci_devices"),
)
"""Devices that hosts offer to guests, slices of GPUs too; server_id and purpose are those of the claim
that holds one."""
