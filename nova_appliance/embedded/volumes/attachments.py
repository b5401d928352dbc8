# SPDX-License-Identifier: Apache-2.0
"""Attachments: a volume is reserved for a server, told how to be reached, in use, and free again.

The volume's status always follows from its attachments.
"""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.common import errors, ids
from nova_appliance.embedded.checks import uuid
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import listing, views
from nova_appliance.embedded.volumes.resource import read_body
from nova_appliance.embedded.volumes.service import (
    Volumes,
    current_disk,
    find,
    find_in,
    require_member,
)
from nova_appliance.embedded.volumes.statuses import TAKEN, settle
from nova_appliance.embedded.web import read_object

MODES = ("rw", "ro")
FREE = ("available",)


def show(req: Any, attachment_id: str) -> dict[str, Any]:
    """GET /attachments/{id}."""
    row = find(req, "attachments", attachment_id)
    return {"attachment": views.attachment(row, connection(req.service, row))}


def detail(req: Any) -> dict[str, Any]:
    """GET /attachments/detail."""
    page, _more, _count = listing.page(req, "attachments")
    found = [views.attachment(row, connection(req.service, row)) for row in page]
    return {"attachments": found}


def create(req: Any) -> dict[str, Any]:
    """POST /attachments: reserve a volume for a server; with a connector also tell the way."""
    require_member(req.caller)
    asked, service = read_object(req, "attachment"), req.service
    volume_id = uuid(asked.get("volume_uuid"))
    server_id = asked.get("instance_uuid")
    server_id = None if server_id is None else uuid(server_id)
    connector = _connector(asked.get("connector"))
    with service.store.write() as tx:
        volume = find_in(tx, req.caller, "volumes", volume_id)
        _check_free(tx, volume, server_id)
        row = {
            "id": ids.new_id(),
            "volume_id": volume_id,
            "project_id": volume["project_id"],
            "server_id": server_id,
            "status": "attaching" if connector else "reserved",
            "mode": _mode(asked.get("mode")),
            "created_at": service.now(),
            **_told(connector),
        }
        tx.insert("attachments", row)
        settle(service, tx, volume_id)
    return show(req, row["id"])


def update(req: Any, attachment_id: str) -> dict[str, Any]:
    """PUT /attachments/{id}: the connector of the host, and the way to the disk in return."""
    require_member(req.caller)
    connector = _connector(read_object(req, "attachment").get("connector"))
    if not connector:
        raise errors.Invalid("Invalid input received: a connector is needed.")
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "attachments", attachment_id)
        status = {"reserved": "attaching"}.get(row["status"], row["status"])
        tx.update("attachments", attachment_id, _told(connector) | {"status": status})
        settle(req.service, tx, row["volume_id"])
    return show(req, attachment_id)


def act(req: Any, attachment_id: str) -> tuple[int, None]:
    """POST /attachments/{id}/action: os-complete, of a server without a host too, as Cinder has it."""
    require_member(req.caller)
    if "os-complete" not in read_body(req):
        raise errors.Invalid("There is no such action; os-complete is one.")
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "attachments", attachment_id)
        moment = row["attached_at"] or req.service.now()
        tx.update("attachments", attachment_id, {"status": "attached", "attached_at": moment})
        settle(req.service, tx, row["volume_id"])
    return 204, None


def delete(req: Any, attachment_id: str) -> dict[str, Any]:
    """DELETE /attachments/{id}; the answer lists what the volume has left."""
    require_member(req.caller)
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "attachments", attachment_id)
        tx.run("DELETE FROM attachments WHERE id = ?", attachment_id)
        settle(req.service, tx, row["volume_id"])
        left = tx.all("SELECT * FROM attachments WHERE volume_id = ?", row["volume_id"])
    return {"attachments": [views.attachment_summary(one) for one in left]}


def connection(service: Volumes, row: Row) -> dict[str, Any]:
    """How a host reaches the disk: a file of this machine, told only to who has a connector."""
    if not row["connector"]:
        return {}
    disk = current_disk(service, row["volume_id"])
    return {
        "driver_volume_type": "local",
        "device_path": str(disk.path),
        "format": disk.form,
        "access_mode": row["mode"],
        "encrypted": False,
        "qos_specs": None,
        "cacheable": False,
        "volume_id": row["volume_id"],
        "attachment_id": row["id"],
    }


def _check_free(tx: Transaction, volume: Row, server_id: str | None) -> None:
    """A volume in use is refused, but for one that may be shared, or for the same server again."""
    allowed = (*FREE, "in-use") if volume["multiattach"] else FREE
    if volume["status"] in allowed:
        return
    sql = "SELECT server_id, status FROM attachments WHERE volume_id = ?"
    others = [row for row in tx.all(sql, volume["id"]) if row["server_id"] != server_id]
    again = server_id is not None and volume["status"] in TAKEN
    if again and not others:
        return
    raise errors.Invalid(
        f"Invalid volume: Volume {volume['id']} status must be {' or '.join(allowed)} to reserve, "
        f"but the current status is {volume['status']}."
    )


def _connector(asked: Any) -> dict[str, Any] | None:
    if asked is None or asked == {}:
        return None
    if not isinstance(asked, dict) or not all(
        isinstance(asked.get(name), str | None) for name in ("host", "mountpoint", "mode")
    ):
        raise errors.Invalid("Invalid input received: the connector must be an object.")
    return asked


def _told(connector: dict[str, Any] | None) -> Row:
    if connector is None:
        return {}
    told = {
        "connector": json.dumps(connector),
        "host": connector.get("host"),
        "mountpoint": connector.get("mountpoint"),
    }
    if connector.get("mode"):
        told["mode"] = _mode(connector["mode"])
    return told


def _mode(asked: Any) -> str:
    if asked not in (None, *MODES):
        raise errors.Invalid(f"Invalid input received: the mode is one of {', '.join(MODES)}.")
    return str(asked or "rw")
