# SPDX-License-Identifier: Apache-2.0
"""The compute side of snapshots of volumes in use: /os-assisted-volume-snapshots."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions import volume_snapshots
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import assisted_snapshots as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import assisted_snapshots as schemas
from nova_appliance.common import errors
from nova_appliance.domain.guest import Merge


class DeleteInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON in the query of DELETE."""

    volume_id: str
    type: str = "qcow2"
    file_to_merge: str | None = None
    merge_target_file: str | None = None


@operation(policy=rules.CREATE, body=schemas.CREATE, errors=(400,))
def create(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /os-assisted-volume-snapshots."""
    asked, told = body["snapshot"], body["snapshot"]["create_info"]
    volume_snapshots.take(
        req.cloud, req.context, asked["volume_id"], told["snapshot_id"], told["new_file"]
    )
    return {"snapshot": {"id": told.get("id"), "volumeId": asked["volume_id"]}}


@operation(policy=rules.DELETE, query=schemas.DELETE, status=204, errors=(400, 404))
def delete(req: Request, snapshot_id: str) -> None:
    """DELETE /os-assisted-volume-snapshots/{snapshot_id}."""
    try:
        info = msgspec.json.decode(req.first("delete_info") or "", type=DeleteInfo)
    except msgspec.DecodeError as error:
        raise errors.Invalid(f"delete_info is not what it should be: {error}") from error
    if info.type != "qcow2":
        raise errors.Invalid("delete_info: the type is qcow2.")
    merge = Merge(top=info.file_to_merge, into=info.merge_target_file)
    volume_snapshots.merge(req.cloud, req.context, info.volume_id, snapshot_id, merge)
