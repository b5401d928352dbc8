# SPDX-License-Identifier: Apache-2.0
"""Wish `cache_image`: an image is fetched before any server wants it. Nobody hears what came of it."""

from __future__ import annotations

import logging

from nova_appliance.common import errors
from nova_appliance.compute import image_cache
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import ImageWanted

LOG = logging.getLogger(__name__)


def cache_image(agent: Agent, wanted: ImageWanted) -> None:
    """Fetch the image, as many at once as builds may be."""
    with agent.builds:
        try:
            image_cache.fetch(agent, wanted.image)
        except errors.ApplianceError as error:
            LOG.warning("image %s is not cached: %s", wanted.image.id, error.message)
