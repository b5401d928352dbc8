# SPDX-License-Identifier: Apache-2.0
"""The whole cloud in one process: what `nova-appliance serve` runs.

The same services as in a cluster, with SQLite, in-process messages and the miniature neighbours.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterable, Iterator

from oslo_config import cfg

from nova_appliance.actions.cloud import Cloud
from nova_appliance.cmd import (
    cloud_apis,
    cloud_cells,
    cloud_certificates,
    cloud_consoles,
    cloud_neighbours,
    cloud_options,
    wiring,
)
from nova_appliance.common import log, shapes
from nova_appliance.compute.service import Service as ComputeService
from nova_appliance.conductor.service import Service as ConductorService
from nova_appliance.embedded.settings import Settings
from nova_appliance.rpc.transport import door_to
from nova_appliance.scheduler.service import Service as SchedulerService

LOG = logging.getLogger(__name__)
IN_LINE_S = 10.0


def serve(settings: Settings) -> None:
    """Run everything until SIGTERM or SIGINT; guests and their networks keep running."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    conf = cloud_options.write(settings)
    log.start(conf, "nova-appliance")
    with running(settings, conf):
        asked.wait()


@contextlib.contextmanager
def running(settings: Settings, conf: cfg.ConfigOpts) -> Iterator[Cloud]:
    """The cloud, up inside the `with` block; stopped in the opposite order at its end.

    Every application is made before the first one answers: making one replaces what Pecan keeps
    of the requests under way.
    """
    with contextlib.ExitStack() as stop:
        neighbours = cloud_neighbours.make(settings, stop)
        cloud_cells.prepare(conf)
        cloud = wiring.make_cloud(conf)
        stop.callback(cloud.cells.dispose)
        apis, guests_api = cloud_apis.make(cloud, settings), cloud_apis.metadata(cloud, settings)
        compute = ComputeService(conf)
        services = (ConductorService(cloud), SchedulerService(cloud), compute, door_to(conf))
        others = (*cloud_certificates.make(cloud, settings), *cloud_consoles.make(cloud))
        shapes.learn()
        _start((*neighbours, guests_api, *services, *others), stop)
        if not compute.in_line.wait(IN_LINE_S):  # who asked earlier would find no host
            LOG.warning("the host is not ready yet; the APIs answer without it")
        _start(apis, stop)
        yield cloud


def _start(daemons: Iterable[wiring.Daemon], stop: contextlib.ExitStack) -> None:
    for daemon in daemons:
        daemon.start()
        stop.callback(daemon.stop)
