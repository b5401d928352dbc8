# SPDX-License-Identifier: Apache-2.0
"""Tables of a cell's database (`nova_cell0`, `nova`): servers and what happens to them."""

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


SERVERS = _table(
    "servers",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("name", text(255), nullable=False),
    sa.Column("hostname", text(255), nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("task", sa.String(48)),
    sa.Column("power", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.Integer, nullable=False, default=0),
    sa.Column("host", text(255), index=True),
    sa.Column("node", text(255)),
    sa.Column("launched_on", text(255)),
    sa.Column("zone", text(255)),
    sa.Column("pinned_zone", text(255)),
    sa.Column("flavor_id", text(255), nullable=False),
    sa.Column("flavor", JSON_TEXT, nullable=False),
    uuid_column("image_id"),
    sa.Column("image", JSON_TEXT),
    sa.Column("key_name", text(255)),
    sa.Column("key_data", sa.Text),
    sa.Column("user_data", JSON_TEXT),
    sa.Column("config_drive", sa.Boolean, nullable=False, default=False),
    sa.Column("metadata", JSON_TEXT, nullable=False, default="{}"),
    sa.Column("system_metadata", JSON_TEXT, nullable=False, default="{}"),
    sa.Column("tags", JSON_TEXT, nullable=False, default="[]"),
    sa.Column("addresses", JSON_TEXT, nullable=False, default="[]"),
    sa.Column("security_groups", JSON_TEXT, nullable=False, default="[]"),
    sa.Column("attachments", JSON_TEXT, nullable=False, default="[]"),
    sa.Column("hints", JSON_TEXT, nullable=False, default="{}"),
    uuid_column("group_id"),
    sa.Column("trusted_certs", JSON_TEXT),
    sa.Column("root_device", sa.String(64), nullable=False, default="/dev/vda"),
    sa.Column("reservation_id", sa.String(32), nullable=False, default="", index=True),
    sa.Column("launch_index", sa.Integer, nullable=False, default=0),
    sa.Column("access_ip_v4", sa.String(39)),
    sa.Column("access_ip_v6", sa.String(39)),
    sa.Column("disk_config", sa.String(8), nullable=False, default="MANUAL"),
    sa.Column("locked_by", sa.String(8)),
    sa.Column("locked_reason", text(255)),
    sa.Column("fault", JSON_TEXT),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.Column("launched_at", UTC_TIME),
    sa.Column("terminated_at", UTC_TIME),
    sa.Column("deleted", BIG_ID, nullable=False, default=0),
    sa.Column("deleted_at", UTC_TIME),
    sa.Index("ix_servers_list", "deleted", "created_at", "id"),
    sa.Index("ix_servers_project", "project_id", "deleted", "created_at", "id"),
    sa.Index("ix_servers_changed", "updated_at"),
)
"""`deleted` is 0 for a living server, else its row number. Columns are the fields of
domain.server.Server; JSON columns hold its nested parts, encoded by msgspec."""

SAGAS = _table(
    "sagas",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("name", sa.String(48), nullable=False),
    uuid_column("server_id", nullable=False, index=True),
    sa.Column("context", JSON_TEXT, nullable=False),
    sa.Column("order_", JSON_TEXT, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, default=1),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("cancelled", sa.Boolean, nullable=False, default=False),
    sa.Column("error", JSON_TEXT),
    sa.Column("owner", text(255)),
    sa.Column("epoch", sa.Integer, nullable=False, default=0),
    sa.Column("parked", sa.String(48)),
    sa.Column("parked_epoch", sa.Integer, nullable=False, default=0),
    sa.Column("report", JSON_TEXT),
    sa.Column("lease_until", UTC_TIME),
    sa.Column("wake_at", UTC_TIME, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.Index("ix_sagas_due", "state", "wake_at"),
)
"""The orders: written in the same transaction as the server's new state. `state` is forward,
backward, done or undone; a conductor owns one while its lease lasts, each take-over adds 1 to
`epoch`; nothing is due before `wake_at`. `parked` is the step that waits for a host's report on
the order sent in `parked_epoch`."""

SAGA_STEPS = _table(
    "saga_steps",
    row_number(),
    uuid_column("saga_id", nullable=False),
    sa.Column("name", sa.String(48), nullable=False),
    sa.Column("result", JSON_TEXT, nullable=False),
    sa.Column("finished_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("saga_id", "name", name="uq_saga_steps"),
)
"""The end of each step; taken away again when the step is undone."""

ACTIONS = _table(
    "server_actions",
    row_number(),
    uuid_column("server_id", nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("user_id", text(255)),
    sa.Column("project_id", text(255)),
    sa.Column("started_at", UTC_TIME, nullable=False),
    sa.Column("finished_at", UTC_TIME),
    sa.Column("updated_at", UTC_TIME),
    sa.Column("message", text(255)),
    sa.Index("ix_server_actions", "server_id", "request_id"),
)
"""os-instance-actions: what was asked of a server, kept after its end."""

ACTION_EVENTS = _table(
    "server_action_events",
    row_number(),
    sa.Column("action_row", BIG_ID, nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("started_at", UTC_TIME, nullable=False),
    sa.Column("finished_at", UTC_TIME),
    sa.Column("result", sa.String(16)),
    sa.Column("host", text(255)),
    sa.Column("details", sa.Text),
    sa.Column("traceback", sa.Text),
    sa.UniqueConstraint("action_row", "event", name="uq_server_action_events"),
)

SERVICES = _table(
    "services",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    sa.Column("host", text(255), nullable=False),
    sa.Column("binary", sa.String(64), nullable=False),
    sa.Column("topic", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("reports", BIG_ID, nullable=False, default=0),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("disabled_reason", text(255)),
    sa.Column("forced_down", sa.Boolean, nullable=False, default=False),
    sa.Column("started_at", UTC_TIME, nullable=False),
    sa.Column("last_seen_at", UTC_TIME),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.Column("steady_since", UTC_TIME),
    sa.UniqueConstraint("host", "binary", name="uq_services"),
)
"""Daemons that report themselves: computes in their cell, scheduler and conductor in cell0."""

CONSOLE_TOKENS = _table(
    "console_tokens",
    row_number(),
    sa.Column("token_hash", text(64), nullable=False, unique=True),
    uuid_column("server_id", nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("host", text(255), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("tls_port", sa.Integer),
    sa.Column("access_path", text(255)),
    sa.Column("access_url", text(255), nullable=False),
    sa.Column("compute_host", text(255), nullable=False),
    sa.Column("expires_at", UTC_TIME, nullable=False, index=True),
)
"""Who has the token whose SHA-256 stands here may have that console until then."""

USAGE_AUDITS = _table(
    "usage_audits",
    row_number(),
    sa.Column("host", text(255), nullable=False),
    sa.Column("begins_at", UTC_TIME, nullable=False),
    sa.Column("ends_at", UTC_TIME, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("servers", sa.Integer, nullable=False),
    sa.Column("errors", sa.Integer, nullable=False),
    sa.Column("message", text(255), nullable=False),
    sa.Column("changed_at", UTC_TIME, nullable=False),
    sa.UniqueConstraint("host", "begins_at", "ends_at"),
)
"""For which periods listeners were told of the servers of a host."""

VOLUME_USAGES = _table(
    "volume_usage_cache",
    row_number(),
    uuid_column("volume_id", nullable=False),
    uuid_column("server_id", nullable=False),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("zone", text(255)),
    sa.Column("tot_last_refreshed", UTC_TIME),
    sa.Column("tot_reads", sa.BigInteger, nullable=False),
    sa.Column("tot_read_bytes", sa.BigInteger, nullable=False),
    sa.Column("tot_writes", sa.BigInteger, nullable=False),
    sa.Column("tot_write_bytes", sa.BigInteger, nullable=False),
    sa.Column("curr_last_refreshed", UTC_TIME),
    sa.Column("curr_reads", sa.BigInteger, nullable=False),
    sa.Column("curr_read_bytes", sa.BigInteger, nullable=False),
    sa.Column("curr_writes", sa.BigInteger, nullable=False),
    sa.Column("curr_write_bytes", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("volume_id", "server_id", name="uq_volume_usage_cache"),
)
"""What servers read from volumes and wrote to them: `curr_` since the guest's last start,
`tot_` before it (columns are Nova's, with a row for each server of a volume)."""

MIGRATIONS = _table(
    "migrations",
    row_number(),
    uuid_column("id", nullable=False, unique=True),
    uuid_column("server_id", nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("status", sa.String(32), nullable=False, index=True),
    sa.Column("project_id", text(255), nullable=False),
    sa.Column("user_id", text(255), nullable=False),
    sa.Column("source_host", text(255), index=True),
    sa.Column("source_node", text(255)),
    sa.Column("target_host", text(255)),
    sa.Column("target_node", text(255)),
    sa.Column("target_address", text(255)),
    sa.Column("old_flavor", JSON_TEXT, nullable=False),
    sa.Column("new_flavor", JSON_TEXT, nullable=False),
    sa.Column("wanted", sa.String(16)),
    sa.Column("memory", JSON_TEXT, nullable=False),
    sa.Column("disk", JSON_TEXT, nullable=False),
    sa.Column("facts", JSON_TEXT, nullable=False),
    sa.Column("created_at", UTC_TIME, nullable=False),
    sa.Column("updated_at", UTC_TIME),
    sa.Index("ix_migrations_list", "created_at", "row"),
)
"""Servers that change host or flavor; columns are the fields of domain.migration.Migration."""
