# SPDX-License-Identifier: Apache-2.0
"""What may be done with key pairs: find, list, import, make, delete."""

from __future__ import annotations

import msgspec

from nova_appliance.actions import key_material, quotas
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import keypairs
from nova_appliance.db.engines import Connection
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.notice import END, START
from nova_appliance.domain.quota import has_room


class NewKeypair(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair asked for; without a public key one is made."""

    user_id: str
    name: str
    kind: str = "ssh"
    public_key: str | None = None


def find(cloud: Cloud, user_id: str, name: str) -> Keypair:
    """The user's key pair of that name. Raises NotFound."""
    with cloud.cells.api.read() as conn:
        found = keypairs.get(conn, user_id, name)
    if found is None:
        raise _missing(user_id, name)
    return found


def page(
    cloud: Cloud, user_id: str, *, marker: str | None = None, limit: int | None = None
) -> tuple[Keypair, ...]:
    """The user's key pairs by name. Raises Invalid for an unknown marker."""
    with cloud.cells.api.read() as conn:
        return keypairs.list_(conn, user_id, marker=marker, limit=limit)


def create(cloud: Cloud, context: RequestContext, wanted: NewKeypair) -> tuple[Keypair, str | None]:
    """Store a key pair; with it comes the private key if it was made here.

    Raises Invalid for a bad key, OverQuota, and Conflict for a taken name.
    """
    check_room(cloud, context, wanted.user_id)
    public_key, private_key = wanted.public_key, None
    if public_key is None:
        made = key_material.make(wanted.kind, wanted.user_id)
        public_key, private_key = made.public_key, made.private_key
    keypair = Keypair(
        user_id=wanted.user_id,
        name=wanted.name,
        kind=wanted.kind,
        public_key=public_key,
        fingerprint=key_material.fingerprint(wanted.kind, public_key),
    )

    def work(conn: Connection) -> Keypair:
        quotas.take_turn(conn, context)
        _check_room(conn, cloud, context, wanted.user_id)
        return keypairs.add(conn, keypair)

    verb = "create" if wanted.public_key is None else "import"
    things.keypair(cloud, f"{verb}.{START}", keypair, context.project_id)
    kept = cloud.cells.api.transact(work)
    things.keypair(cloud, f"{verb}.{END}", kept, context.project_id)
    return kept, private_key


def check_room(cloud: Cloud, context: RequestContext, user_id: str) -> None:
    """Raises OverQuota when the user may have no further key pair."""
    with cloud.cells.api.read() as conn:
        _check_room(conn, cloud, context, user_id)


def delete(cloud: Cloud, user_id: str, name: str) -> None:
    """Delete a key pair; servers keep what they were given of it. Raises NotFound."""
    keypair = find(cloud, user_id, name)
    project_id = contexts.current().project_id
    things.keypair(cloud, f"delete.{START}", keypair, project_id)
    if not cloud.cells.api.transact(lambda conn: keypairs.remove(conn, user_id, name)):
        raise _missing(user_id, name)
    things.keypair(cloud, f"delete.{END}", keypair, project_id)


def _check_room(conn: Connection, cloud: Cloud, context: RequestContext, user_id: str) -> None:
    limit = quotas.of_caller(conn, cloud, context)["key_pairs"]
    if not has_room(limit, keypairs.count(conn, user_id), 1):
        raise errors.OverQuota("Quota exceeded, too many key pairs.")


def _missing(user_id: str, name: str) -> errors.NotFound:
    return errors.NotFound(f"Keypair {name} not found for user {user_id}")
