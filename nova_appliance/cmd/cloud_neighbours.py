# SPDX-License-Identifier: Apache-2.0
"""Starts the miniature identity, images, networks and volumes of embedded mode."""

from __future__ import annotations

import contextlib

from nova_appliance.cmd.http import HttpServer
from nova_appliance.embedded.identity import app as identity
from nova_appliance.embedded.identity import seed as identity_seed
from nova_appliance.embedded.images import app as images
from nova_appliance.embedded.networks import app as networks
from nova_appliance.embedded.networks.plane import Plane
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.volumes import app as volumes


def make(settings: Settings, stop: contextlib.ExitStack) -> tuple[HttpServer, ...]:
    """Their servers, not started yet; what else must be stopped later is left on `stop`."""
    identity_seed.seed(settings)
    plane = Plane(settings)
    plane.start()
    stop.callback(plane.stop)
    rows = (
        (identity.make_app(settings), settings.identity_port, 1024**2),
        (images.make_app(settings), settings.image_port, settings.image_limit_bytes),
        (networks.make_app(settings), settings.network_port, 1024**2),
        (volumes.make_app(settings), settings.volume_port, 1024**2),
    )
    return tuple(
        HttpServer(app, settings.host, port, body_limit=body_limit)
        for app, port, body_limit in rows
    )


def start(settings: Settings, stop: contextlib.ExitStack) -> None:
    """Have them answer without the rest of the cloud."""
    for server in make(settings, stop):
        server.start()
        stop.callback(server.stop)
