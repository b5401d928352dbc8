# SPDX-License-Identifier: Apache-2.0
"""The identity service's tables: whom it knows, what they may do where, and what it refuses."""

from __future__ import annotations

from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS domains (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT NOT NULL, enabled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE,
    domain_id TEXT NOT NULL REFERENCES domains (id),
    description TEXT NOT NULL, enabled INTEGER NOT NULL, extra TEXT NOT NULL,
    UNIQUE (domain_id, name));
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE,
    domain_id TEXT NOT NULL REFERENCES domains (id),
    enabled INTEGER NOT NULL, default_project_id TEXT, extra TEXT NOT NULL,
    password TEXT, tokens_since REAL NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, locked_until REAL NOT NULL DEFAULT 0,
    UNIQUE (domain_id, name));
CREATE TABLE IF NOT EXISTS roles (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT, domain_id TEXT, extra TEXT NOT NULL DEFAULT '{}');
CREATE TABLE IF NOT EXISTS implied_roles (
    prior_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    implied_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (prior_id, implied_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assignments (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('project', 'domain', 'system')), target_id TEXT NOT NULL,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, kind, target_id, role_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS regions (
    id TEXT PRIMARY KEY, description TEXT NOT NULL,
    parent_region_id TEXT REFERENCES regions (id));
CREATE TABLE IF NOT EXISTS services (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT, description TEXT,
    enabled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    interface TEXT NOT NULL, region_id TEXT REFERENCES regions (id), url TEXT NOT NULL,
    enabled INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS application_credentials (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, description TEXT, secret TEXT NOT NULL, roles TEXT NOT NULL,
    expires_at REAL, unrestricted INTEGER NOT NULL,
    UNIQUE (user_id, name));
CREATE TABLE IF NOT EXISTS credentials (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, access TEXT UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE, blob TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS credentials_user ON credentials (user_id, type);
CREATE TABLE IF NOT EXISTS ec2_failures (
    access TEXT PRIMARY KEY, failures INTEGER NOT NULL, since REAL NOT NULL,
    locked_until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revoked (
    audit_id TEXT PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID
"""


def open_store(settings: Settings) -> Store:
    """The identity service's file."""
    return Store(settings.state_dir / "identity.db", SCHEMA)
