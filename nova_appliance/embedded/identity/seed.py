# SPDX-License-Identifier: Apache-2.0
"""What a fresh identity service contains; run at every start, it adds only what is missing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import passwords, tables
from nova_appliance.embedded.settings import SERVICE_USERS, Secrets, Settings
from nova_appliance.embedded.store import Transaction

ROLES = ("admin", "manager", "member", "reader", "service")
IMPLIED = (("admin", "manager"), ("manager", "member"), ("member", "reader"))
PROJECTS = {
    "admin": "For administrators of this cloud",
    "service": "For the services of this cloud",
    "demo": "For trying things out",
}
GRANTS = (
    ("admin", "project", "admin", "admin"),
    ("admin", "domain", "default", "admin"),
    ("admin", "system", "all", "admin"),
    ("demo", "project", "demo", "member"),
    *(
        (user, "project", "service", role)
        for user in SERVICE_USERS
        for role in ("admin", "service")
    ),
)
SERVICES: dict[str, tuple[str, Callable[[Settings], str]]] = {
    "identity": ("keystone", lambda settings: settings.identity_url),
    "image": ("glance", lambda settings: settings.image_url),
    "network": ("neutron", lambda settings: settings.network_url),
    "compute": ("nova", lambda settings: settings.compute_url),
    "volumev3": ("cinderv3", lambda settings: settings.volume_url),
    "block-storage": ("cinder", lambda settings: settings.volume_url),
    "ec2": ("ec2", lambda settings: settings.ec2_url),
}
NAMESPACE = uuid.UUID("0f3b2c6a-5c1b-4b6e-9b53-0d6b7c2a9e11")


def seed(settings: Settings) -> None:
    """Put the domain, projects, users, roles, grants and the catalog in place."""
    store, secrets = tables.open_store(settings), settings_.secrets(settings)
    known = {row["name"].lower() for row in store.all("SELECT name FROM users")}
    sealed = {
        name: passwords.seal(password)
        for name, password in _passwords(secrets).items()
        if name not in known
    }
    with store.write() as tx:
        _seed_projects(tx)
        _seed_roles(tx)
        _seed_users(tx, sealed)
        _seed_catalog(tx, settings)


def _passwords(secrets: Secrets) -> dict[str, str]:
    people = {"admin": secrets.admin_password, "demo": secrets.demo_password}
    return people | secrets.service_passwords


def _seed_projects(tx: Transaction) -> None:
    domain = {
        "id": "default",
        "name": "Default",
        "description": "The default domain",
        "enabled": 1,
    }
    tx.insert("domains", domain, or_="IGNORE")
    for name, description in PROJECTS.items():
        row = {
            "id": uuid.uuid4().hex,
            "name": name,
            "domain_id": "default",
            "description": description,
            "enabled": 1,
            "extra": json.dumps({"tags": [], "options": {}}),
        }
        tx.insert("projects", row, or_="IGNORE")


def _seed_roles(tx: Transaction) -> None:
    for name in ROLES:
        tx.insert("roles", {"id": uuid.uuid4().hex, "name": name}, or_="IGNORE")
    for prior, implied in IMPLIED:
        row = {
            "prior_id": _id(tx, "roles", prior),
            "implied_id": _id(tx, "roles", implied),
        }
        tx.insert("implied_roles", row, or_="IGNORE")


def _seed_users(tx: Transaction, sealed: dict[str, str]) -> None:
    for name, password in sealed.items():
        row = {
            "id": uuid.uuid4().hex,
            "name": name,
            "domain_id": "default",
            "enabled": 1,
            "extra": json.dumps({"options": {}}),
            "password": password,
        }
        tx.insert("users", row, or_="IGNORE")
    for user, kind, target, role in GRANTS:
        row = {
            "user_id": _id(tx, "users", user),
            "kind": kind,
            "target_id": _id(tx, "projects", target) if kind == "project" else target,
            "role_id": _id(tx, "roles", role),
        }
        tx.insert("assignments", row, or_="IGNORE")


def _seed_catalog(tx: Transaction, settings: Settings) -> None:
    region = {"id": settings.region, "description": ""}
    tx.insert("regions", region, or_="IGNORE")
    for kind in settings.catalog:
        name, url = SERVICES[kind]
        service_id = _fixed_id(kind)
        service = {"id": service_id, "type": kind, "name": name, "enabled": 1}
        tx.insert("services", service, or_="IGNORE")
        for interface in ("public", "internal", "admin"):
            endpoint = {
                "id": _fixed_id(kind, interface),
                "service_id": service_id,
                "interface": interface,
                "region_id": settings.region,
                "url": url(settings),
                "enabled": 1,
            }
            if not tx.update("endpoints", str(endpoint["id"]), endpoint):
                tx.insert("endpoints", endpoint)


def _id(tx: Transaction, table: str, name: str) -> str:
    owned = " AND domain_id = 'default'" if table in {"users", "projects"} else ""
    row = tx.one(f"SELECT id FROM {table} WHERE name = ?{owned}", name)  # noqa: S608 - names are ours
    if row is None:
        raise LookupError(f"{name} is missing from {table}")
    return str(row["id"])


def _fixed_id(*words: str) -> str:
    """The same id at every start, so that a changed port changes a row and adds none."""
    return uuid.uuid5(NAMESPACE, "/".join(words)).hex
