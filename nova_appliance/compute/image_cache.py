# SPDX-License-Identifier: Apache-2.0
"""The host's cache of images: fetched once however many builds want one, removed when unused.

An image is removed only when the conductor has said what every server folder here lies over.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.domain.server import ServerImage
from nova_appliance.rpc.orders import ExpectedServer
from nova_appliance.virt.driver import ImageExpected, ImageInUse

LOG = logging.getLogger(__name__)


def fetch(agent: Agent, image: ServerImage) -> None:
    """Have the image in the cache, whole and checked. Raises ImageRefused, Unavailable."""
    with agent.downloads.hold(image.id):
        agent.image_used_at[image.id] = agent.clock.monotonic()
        if agent.driver.images.has(image.id):
            return
        started = agent.clock.monotonic()
        try:
            seen = agent.driver.images.store(image.id, agent.images.chunks(image.id), _facts(image))
        except errors.NotFound as error:
            raise errors.Refused(f"Image {image.id} is gone.") from error
        took_s = agent.clock.monotonic() - started
        LOG.info("image %s: %d bytes in %.2f s", image.id, seen.size_bytes, took_s)


def _facts(image: ServerImage) -> ImageExpected:
    algorithm, _, value = image.checksum.partition(":")
    return ImageExpected(
        disk_format=image.disk_format,
        size_bytes=image.size_bytes or None,
        hash_algorithm=algorithm,
        hash_value=value,
    )


def age(agent: Agent, expected: Collection[ExpectedServer]) -> tuple[str, ...]:
    """Remove images that nothing has used for long enough; their ids."""
    options = agent.conf.image_cache
    if not options.remove_unused_base_images:
        return ()
    needed = in_use(expected, agent.driver.disks.owners())
    if needed is None:
        LOG.info("no image is removed: there are folders of servers that nobody knows")
        return ()
    now = agent.clock.monotonic()
    for image_id in needed:
        agent.image_used_at[image_id] = now
    cached = [image.image_id for image in agent.driver.images.list_()]
    limit_s = options.remove_unused_original_minimum_age_seconds
    removed = too_old(cached, agent.image_used_at, now, limit_s)
    return tuple(image_id for image_id in removed if _remove(agent, image_id, now))


def in_use(expected: Collection[ExpectedServer], folders: Collection[str]) -> frozenset[str] | None:
    """Ids of images that disks here lie over; None when that is not known of some folder."""
    guests = {server.id: server.guest for server in expected if server.guest is not None}
    if not guests.keys() >= set(folders):
        return None
    disks = [disk for guest in guests.values() for disk in guest.disks]
    return frozenset(disk.image_id for disk in disks if disk.image_id)


def too_old(
    cached: Collection[str],
    used_at: dict[str, float] | Mapping[str, float],
    now: float,
    limit_s: float,
) -> tuple[str, ...]:
    """Images unused for `limit_s`; one never seen before counts as used now."""
    return tuple(image_id for image_id in cached if now - used_at.get(image_id, now) > limit_s)


def _remove(agent: Agent, image_id: str, looked_at: float) -> bool:
    with agent.downloads.hold(image_id):
        if agent.image_used_at.get(image_id, looked_at) > looked_at:
            return False  # a build has taken it meanwhile
        try:
            agent.driver.images.remove(image_id)
        except ImageInUse:
            return False  # the kept disks of a server that has moved lie over it
        agent.image_used_at.pop(image_id, None)
    LOG.info("image %s was not used any more and is removed", image_id)
    return True
