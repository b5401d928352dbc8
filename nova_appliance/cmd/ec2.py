# SPDX-License-Identifier: Apache-2.0
"""nova-api-ec2: console script that serves the EC2 API; embedded mode takes `make_app` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.ec2_tokens import Ec2Tokens
from nova_appliance.clients.network_rows import NetworkRows
from nova_appliance.clients.objects import Objects
from nova_appliance.clients.session import open_session
from nova_appliance.cmd import wiring
from nova_appliance.cmd.workers import Serving, Workers
from nova_appliance.ec2 import app


def make_app(cloud: Cloud) -> Callable[..., Any]:
    """The WSGI application over this cloud."""
    session = open_session(cloud.conf)
    tokens, rows = Ec2Tokens(session, cloud.conf), NetworkRows(session, cloud.conf)
    return app.make_app(cloud, tokens, rows, Objects(session, cloud.conf))


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; requests under way are answered."""
    conf = wiring.configure("nova-api-ec2", argv)
    serving = Serving(
        name="nova-api-ec2",
        host=conf.ec2_listen,
        port=conf.ec2_listen_port,
        workers=conf.ec2_workers,
        threads=conf.ec2_threads,
        more={"limit_request_line": 8190},
    )
    Workers(serving, lambda: make_app(wiring.make_cloud(conf))).run()
    return 0
