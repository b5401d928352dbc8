# SPDX-License-Identifier: Apache-2.0
"""URLs of the old proxies to images and networks."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import image_metadata as metadata
from nova_appliance.api.resources import images, networks
from nova_appliance.api.resources import volume_proxies as volumes

ROUTES: Routes = {
    "images": {"GET": images.index},
    "images/detail": {"GET": images.detail},
    "images/{image_id}": {"GET": images.show, "DELETE": images.delete},
    "images/{image_id}/metadata": {
        "GET": metadata.index,
        "POST": metadata.create,
        "PUT": metadata.update_all,
    },
    "images/{image_id}/metadata/{key}": {
        "GET": metadata.show,
        "PUT": metadata.update,
        "DELETE": metadata.delete,
    },
    "os-volumes": {"GET": volumes.index, "POST": volumes.create},
    "os-volumes/detail": {"GET": volumes.detail},
    "os-volumes/{volume_id}": {"GET": volumes.show, "DELETE": volumes.delete},
    "os-snapshots": {"GET": volumes.snapshots, "POST": volumes.create_snapshot},
    "os-snapshots/detail": {"GET": volumes.snapshots_detail},
    "os-snapshots/{snapshot_id}": {
        "GET": volumes.show_snapshot,
        "DELETE": volumes.delete_snapshot,
    },
    "os-networks": {"GET": networks.index},
    "os-networks/{network_id}": {"GET": networks.show},
    "os-tenant-networks": {"GET": networks.tenant_index},
    "os-tenant-networks/{network_id}": {"GET": networks.tenant_show},
}
