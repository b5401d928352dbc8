# SPDX-License-Identifier: Apache-2.0
"""Lets the hosts of an aggregate fetch images, some at once, and tells listeners how far they are.

What is under way when the conductor ends is not gone on with: nobody depends on it.
"""

from __future__ import annotations

import functools
import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

from nova_appliance.actions import aggregates, moves
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import things
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import hosts
from nova_appliance.domain.aggregate import Aggregate
from nova_appliance.domain.image_caching import ERROR, HostDone
from nova_appliance.domain.notice import END, START
from nova_appliance.rpc.orders import CacheImages, ImagesCached, ImagesWanted

LOG = logging.getLogger(__name__)


def begin(cloud: Cloud, context: RequestContext, order: CacheImages) -> threading.Thread:
    """Do it in a thread of its own: images are large."""
    work = functools.partial(_logged, cloud, context, order)
    thread = threading.Thread(target=work, name="cache images", daemon=True)
    thread.start()
    return thread


def _logged(cloud: Cloud, context: RequestContext, order: CacheImages) -> None:
    context.update_store()
    try:
        run(cloud, context, order)
    except errors.ApplianceError as error:
        LOG.warning("images are not cached: %s", error.message)
    except Exception:
        LOG.exception("images are not cached")


def run(cloud: Cloud, context: RequestContext, order: CacheImages) -> None:
    """Ask each host and wait for all. Raises NotFound when the aggregate is gone."""
    aggregate = aggregates.find(cloud, order.aggregate)
    with cloud.cells.api.read() as conn:
        cell_ids = {one.host: one.cell_id for one in hosts.list_(conn, hosts=aggregate.hosts)}
    things.aggregate_images(cloud, START, aggregate)
    at_once = cloud.conf.image_cache.precache_concurrency
    ask = functools.partial(_ask, cloud, context, order)
    with ThreadPoolExecutor(at_once, "cache-images") as pool:
        asked = {pool.submit(ask, host, cell_ids.get(host)): host for host in aggregate.hosts}
        for index, done in zip(itertools.count(1), as_completed(asked), strict=False):
            _tell(cloud, aggregate, HostDone(
                host=asked[done], results=done.result(), index=index, total=len(asked)
            ))  # fmt: skip
    things.aggregate_images(cloud, END, aggregate)


def _ask(
    cloud: Cloud, context: RequestContext, order: CacheImages, host: str, cell_id: str | None
) -> dict[str, str]:
    """Image > what came of it; a host that is down or does not answer has none of them."""
    nothing = {image.id: ERROR for image in order.images}
    if cell_id is None or not moves.is_up(cloud, host):
        LOG.warning("host %s is down and is not asked for images", host)
        return nothing
    client = cloud.rpc.at(cloud.cells.get(cell_id).transport_url)
    wanted = ImagesWanted(images=order.images)
    try:
        answer: ImagesCached = client.call("compute", "cache_images", wanted, context, host)
    except errors.ApplianceError as error:
        LOG.warning("host %s did not say what came of images: %s", host, error.message)
        return nothing
    return nothing | answer.results


def _tell(cloud: Cloud, aggregate: Aggregate, done: HostDone) -> None:
    LOG.info("aggregate %s: host %s is done with images (%d of %d)",
             aggregate.name, done.host, done.index, done.total)  # fmt: skip
    things.aggregate_progress(cloud, aggregate, done)
