# SPDX-License-Identifier: Apache-2.0
"""Puts a daemon together: configuration, log, databases, message bus, neighbours."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from oslo_config import cfg

from nova_appliance.actions import versions
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients import session as sessions
from nova_appliance.clients.images import Images
from nova_appliance.clients.networks import Networks
from nova_appliance.clients.shares import Shares
from nova_appliance.clients.volumes import Volumes
from nova_appliance.cmd import certificates, databases, health
from nova_appliance.common import log, shapes
from nova_appliance.conf import load
from nova_appliance.rpc import pins
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.notifier import Notifier


class Daemon(Protocol):
    """What every service is to its console script."""

    def start(self) -> None:
        """Begin to work; returns at once."""

    def stop(self) -> None:
        """End what is under way and return when nothing runs any more."""


def configure(binary: str, argv: Sequence[str] | None = None) -> cfg.ConfigOpts:
    """Read the options of a daemon's command line: --config-file, and logging to standard error."""
    parser = argparse.ArgumentParser(prog=binary)
    parser.add_argument(
        "--config-file", action="append", metavar="FILE", help="nova.conf; may be repeated"
    )
    given = parser.parse_args(argv)
    conf = load.load(files=given.config_file)
    log.start(conf, binary)
    return conf


def make_cloud(conf: cfg.ConfigOpts) -> Cloud:
    """All that a control plane process works with."""
    session = sessions.open_session(conf)
    cells = databases.open_(conf)
    lowest = pins.Pins(lambda: versions.lowest(cells, conf.service_down_time))
    return Cloud(
        conf=conf,
        cells=cells,
        rpc=Client(conf, lowest),
        images=Images(session, conf),
        networks=Networks(session, conf),
        volumes=Volumes(session, conf),
        shares=Shares(session, conf),
        notifier=Notifier(conf),
    )


def run(conf: cfg.ConfigOpts, daemon: Daemon) -> int:
    """Start, wait for SIGTERM or SIGINT, stop; returns the process's exit code."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    pages = health.endpoint(conf, healthy=lambda: not asked.is_set())
    keeper = certificates.keeper(conf)
    shapes.learn()
    daemon.start()
    if keeper:
        keeper.start()
    if pages:
        pages.start()
    asked.wait()
    if keeper:
        keeper.stop()
    daemon.stop()
    return 0


def main_of(
    binary: str, make: Callable[[cfg.ConfigOpts], Daemon], argv: Sequence[str] | None
) -> int:
    """The body of a console script whose daemon is made by `make(conf)`."""
    conf = configure(binary, argv)
    return run(conf, make(conf))
