# SPDX-License-Identifier: Apache-2.0
"""The miniature volume service: Cinder's v3 dialect, its whole route table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nova_appliance.common import clock, errors
from nova_appliance.embedded import web
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.volumes import (
    actions,
    around,
    assists,
    attachments,
    jobs,
    listing,
    moves,
    quotas,
    resource,
    snapshots,
    types,
    versions,
)
from nova_appliance.embedded.volumes.service import open_volumes

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

FAULTS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    501: "notImplemented",
    503: "serviceUnavailable",
}
STATUSES = ((errors.OverQuota, 413), (versions.NotAcceptable, 406))
ATTACHMENTS, COMPLETE = (3, 27), (3, 44)
UNBUILT = {
    "backups": "Backups are not built in this miniature volume service.",
    "groups": "Groups are not built in this miniature volume service.",
    "group_snapshots": "Groups are not built in this miniature volume service.",
    "group_types": "Groups are not built in this miniature volume service.",
    "consistencygroups": "Groups are not built in this miniature volume service.",
    "qos-specs": "There are no QoS specs here: all disks are files of this machine.",
    "os-volume-transfer": "Volumes do not change their project here.",
    "volume-transfers": "Volumes do not change their project here.",
    "messages": "Messages are not kept here: what failed is in the log.",
    "clusters": "There is one volume service here, and no cluster.",
    "workers": "There is one volume service here, and no cluster.",
    "manageable_volumes": "Files from elsewhere are not taken in: upload an image instead.",
    "os-volume-manage": "Files from elsewhere are not taken in: upload an image instead.",
    "default-types": "The default type is always the same here.",
}
NO_TYPES = web.Unbuilt("The types here are files, multiattach and qcow2, and they stay.")


def make_app(settings: Settings, time: clock.Clock = clock.SYSTEM) -> WSGIApplication:
    """The WSGI application over the volumes in the state directory."""
    volumes = open_volumes(settings, time)
    jobs.resume(volumes)
    assists.resume(volumes)
    moves.resume(volumes)
    service = web.Service(
        name="volumes",
        state=volumes,
        routes=ROUTES,
        formatter=format_error,
        authenticate=volumes.tokens.authenticate,
        statuses=STATUSES,
        headers_401={"WWW-Authenticate": f'Keystone uri="{settings.identity_url}"'},
    )
    return web.make_app(service)


def format_error(failure: web.Failure) -> dict[str, Any]:
    """Cinder's error body."""
    fault = {"code": failure.status, "message": failure.message}
    return {FAULTS.get(failure.status, "computeFault"): fault}


_VOLUME: dict[str, dict[str, Any]] = {
    "": {"GET": resource.show, "PUT": resource.update, "DELETE": resource.delete},
    "/action": {"POST": actions.act},
    "/metadata": {
        "GET": resource.metadata,
        "POST": resource.add_metadata,
        "PUT": resource.set_metadata,
    },
    "/metadata/{key}": {
        "GET": resource.show_metadatum,
        "PUT": resource.set_metadatum,
        "DELETE": resource.drop_metadatum,
    },
}
_SNAPSHOT: dict[str, dict[str, Any]] = {
    "": {"GET": snapshots.show, "PUT": snapshots.update, "DELETE": snapshots.delete},
    "/action": {"POST": snapshots.act},
    "/metadata": {
        "GET": snapshots.metadata,
        "POST": snapshots.add_metadata,
        "PUT": snapshots.set_metadata,
    },
    "/metadata/{key}": {"DELETE": snapshots.drop_metadatum},
}
_PATHS: dict[str, dict[str, Any]] = {
    "volumes": {"GET": listing.volumes, "POST": resource.create},
    "volumes/detail": {"GET": listing.volumes_detail},
    "volumes/summary": {"GET": listing.summary},
    "snapshots": {"GET": listing.snapshots, "POST": snapshots.create},
    "snapshots/detail": {"GET": listing.snapshots},
    "types": {"GET": types.index, "POST": NO_TYPES},
    "types/{id}": {"GET": types.show, "PUT": NO_TYPES, "DELETE": NO_TYPES},
    "types/{id}/extra_specs": {"GET": types.specs, "POST": NO_TYPES},
    "os-quota-sets/{id}": {
        "GET": quotas.show,
        "PUT": quotas.change,
        "DELETE": quotas.remove,
    },
    "os-quota-sets/{id}/defaults": {"GET": quotas.defaults},
    "limits": {"GET": quotas.absolute},
    "os-availability-zone": {"GET": around.zones},
    "os-services": {"GET": around.services},
    "scheduler-stats/get_pools": {"GET": around.pools},
    "extensions": {"GET": around.extensions},
    "resource_filters": {"GET": around.filters},
    **{f"volumes/{{id}}{rest}": row for rest, row in _VOLUME.items()},
    **{f"snapshots/{{id}}{rest}": row for rest, row in _SNAPSHOT.items()},
}
_ATTACHMENTS: dict[str, dict[str, Any]] = {
    "attachments": {"GET": listing.attachments, "POST": attachments.create},
    "attachments/detail": {"GET": attachments.detail},
    "attachments/{id}": {
        "GET": attachments.show,
        "PUT": attachments.update,
        "DELETE": attachments.delete,
    },
}


def _routes() -> dict[str, dict[str, Any]]:
    """Every path below a project, each handler with its lowest microversion."""
    rows: dict[str, dict[str, Any]] = {
        "": {"GET": web.Op(versions.documents, public=True)},
        "v3": {"GET": web.Op(versions.document, public=True)},
    }
    complete = {"attachments/{id}/action": {"POST": attachments.act}}
    for paths, since in (
        (_PATHS, versions.LEAST),
        (_ATTACHMENTS, ATTACHMENTS),
        (complete, COMPLETE),
    ):
        for path, methods in paths.items():
            rows[f"v3/{{project}}/{path}"] = {
                method: one if isinstance(one, web.Unbuilt) else versions.operation(one, since)
                for method, one in methods.items()
            }
    for path, why in UNBUILT.items():
        said = web.Unbuilt(why)
        rows[f"v3/{{project}}/{path}"] = {"GET": said, "POST": said}
        rows[f"v3/{{project}}/{path}/detail"] = {"GET": said}
        rows[f"v3/{{project}}/{path}/{{id}}"] = {"GET": said, "PUT": said, "DELETE": said}
    return rows


ROUTES = _routes()
