# SPDX-License-Identifier: Apache-2.0
"""The APIs of the cloud in one process: for people, and for guests."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.api.app import make_app
from nova_appliance.cmd import ec2
from nova_appliance.cmd.http import HttpServer
from nova_appliance.embedded.settings import Settings
from nova_appliance.metadata import app

EC2_BODY = 4 * 1024**2
"""More than the EC2 API takes, so that it can refuse the rest in its own words."""


def make(cloud: Cloud, settings: Settings) -> tuple[HttpServer, ...]:
    """The Compute and the EC2 API, not started yet."""
    host = settings.host
    return (
        HttpServer(make_app(cloud), host, settings.compute_port, threads=16),
        HttpServer(ec2.make_app(cloud), host, settings.ec2_port, threads=16, body_limit=EC2_BODY),
    )


def metadata(cloud: Cloud, settings: Settings) -> HttpServer:
    """What guests ask; it is up before any of them starts."""
    return HttpServer(app.make_app(cloud), settings.host, settings.metadata_port, threads=16)
