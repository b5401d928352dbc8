# SPDX-License-Identifier: Apache-2.0
"""Has the hosts of an aggregate fetch images before any server wants them.

A wish, not an order: a host that does not hear of it fetches the image with its first server.
"""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.actions import aggregates
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import ServerImage
from nova_appliance.rpc.orders import CacheImages


def cache(cloud: Cloud, context: RequestContext, number: int, image_ids: Sequence[str]) -> None:
    """Tell the conductor. Raises NotFound, Invalid, Unavailable."""
    aggregates.find(cloud, number)
    if len(set(image_ids)) < len(image_ids):
        raise errors.Invalid("Duplicate images in request")
    images = tuple(_image(cloud, context, image_id) for image_id in image_ids)
    order = CacheImages(aggregate=number, images=images)
    cloud.rpc.cast("conductor", "cache_images", order, context)


def _image(cloud: Cloud, context: RequestContext, image_id: str) -> ServerImage:
    try:
        image = cloud.images.get(image_id, context)
    except errors.NotFound as error:
        raise errors.Invalid(error.message) from error
    return image.remembered
