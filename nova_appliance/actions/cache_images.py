# SPDX-License-Identifier: Apache-2.0
"""Asks the hosts of an aggregate to fetch images before any server wants them.

A wish, not an order: a host that does not hear of it fetches the image with its first server.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nova_appliance.actions import aggregates
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import hosts
from nova_appliance.rpc.orders import ImageWanted

LOG = logging.getLogger(__name__)


def cache(cloud: Cloud, context: RequestContext, number: int, image_ids: Sequence[str]) -> int:
    """Tell each host of each image; how many were told. Raises NotFound, Invalid."""
    aggregate = aggregates.find(cloud, number)
    if len(set(image_ids)) < len(image_ids):
        raise errors.Invalid("Duplicate images in request")
    images = [_image(cloud, context, image_id) for image_id in image_ids]
    with cloud.cells.api.read() as conn:
        found = hosts.list_(conn, hosts=list(aggregate.hosts)) if aggregate.hosts else ()
    told = 0
    for host in found:
        client = cloud.rpc.at(cloud.cells.get(host.cell_id).transport_url)
        for image in images:
            try:
                client.cast("compute", "cache_image", image, context, host.host)
                told += 1
            except errors.Unavailable as error:
                LOG.warning("host %s is not asked for an image: %s", host.host, error.message)
    return told


def _image(cloud: Cloud, context: RequestContext, image_id: str) -> ImageWanted:
    try:
        image = cloud.images.get(image_id, context)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    return ImageWanted(image=image.remembered)
