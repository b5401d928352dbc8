# SPDX-License-Identifier: Apache-2.0
"""nova-api-ec2: console script that serves the EC2 API; embedded mode takes `make_app` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gunicorn.app.base import BaseApplication
from oslo_config import cfg

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.ec2_tokens import Ec2Tokens
from nova_appliance.clients.network_rows import NetworkRows
from nova_appliance.clients.session import open_session
from nova_appliance.cmd import wiring
from nova_appliance.ec2 import app


def make_app(cloud: Cloud) -> Callable[..., Any]:
    """The WSGI application over this cloud."""
    session = open_session(cloud.conf)
    return app.make_app(cloud, Ec2Tokens(session, cloud.conf), NetworkRows(session, cloud.conf))


class Workers(BaseApplication):  # type: ignore[misc]
    """gunicorn, told by nova.conf; each worker opens databases and message bus for itself."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        super().__init__()

    def load_config(self) -> None:
        """Take gunicorn's settings from nova.conf."""
        host, port = self._conf.ec2_listen, self._conf.ec2_listen_port
        settings = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": self._conf.ec2_workers,
            "threads": self._conf.ec2_threads,
            "worker_class": "gthread",
            "graceful_timeout": 60,
            "keepalive": 75,
            "limit_request_line": 8190,
            "proc_name": "nova-api-ec2",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """The WSGI application of one worker."""
        return make_app(wiring.make_cloud(self._conf))


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; requests under way are answered."""
    Workers(wiring.configure("nova-api-ec2", argv)).run()
    return 0
