# SPDX-License-Identifier: Apache-2.0
"""URLs of the old proxies to images and networks."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import image_metadata as metadata
from nova_appliance.api.resources import images, networks

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
    "os-networks": {"GET": networks.index},
    "os-networks/{network_id}": {"GET": networks.show},
    "os-tenant-networks": {"GET": networks.tenant_index},
    "os-tenant-networks/{network_id}": {"GET": networks.tenant_show},
}
