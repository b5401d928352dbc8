# SPDX-License-Identifier: Apache-2.0
"""IsolatedHostsFilter: isolated images run on isolated hosts."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse ordinary hosts to isolated images and, if so set, isolated hosts to ordinary ones."""
    options = scene.options
    image = scene.order.image
    image_isolated = image is not None and image.id in options.isolated_images
    host_isolated = host.host in options.isolated_hosts
    if image_isolated and not host_isolated:
        return "is not for isolated images"
    strict = options.restrict_isolated_hosts_to_isolated_images
    if host_isolated and not image_isolated and strict:
        return "is for isolated images only"
    return None
