# SPDX-License-Identifier: Apache-2.0
"""Images that are fetched before any server wants them: call `cache_images`, which says what came of
each, and `cache_image`, its forerunner that tells nobody.
"""

from __future__ import annotations

import logging

from nova_appliance.common import errors
from nova_appliance.compute import image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.domain import image_caching
from nova_appliance.domain.server import ServerImage
from nova_appliance.rpc.orders import ImagesCached, ImagesWanted, ImageWanted

LOG = logging.getLogger(__name__)


def cache_images(agent: Agent, wanted: ImagesWanted) -> ImagesCached:
    """Fetch them one after the other."""
    return ImagesCached(results={image.id: _cache(agent, image) for image in wanted.images})


def cache_image(agent: Agent, wanted: ImageWanted) -> None:
    """Fetch the image."""
    _cache(agent, wanted.image)


def _cache(agent: Agent, image: ServerImage) -> str:
    """What came of it; as many images at once as builds may be."""
    with agent.builds:
        try:
            was_there = agent.driver.images.has(image.id)
            image_cache.fetch(agent, image)
        except errors.ApplianceError as error:
            LOG.warning("image %s is not cached: %s", image.id, error.message)
            return image_caching.ERROR
    return image_caching.EXISTING if was_there else image_caching.CACHED
