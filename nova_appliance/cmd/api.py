# SPDX-License-Identifier: Apache-2.0
"""nova-api: console script that serves the Compute API from worker processes with threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gunicorn.app.base import BaseApplication
from oslo_config import cfg

from nova_appliance.api.app import make_app
from nova_appliance.cmd import wiring


class Workers(BaseApplication):  # type: ignore[misc]
    """gunicorn, told by nova.conf; each worker opens databases and message bus for itself."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        super().__init__()

    def load_config(self) -> None:
        """Settings of gunicorn from nova.conf."""
        conf = self._conf
        host, port = conf.osapi_compute_listen, conf.osapi_compute_listen_port
        settings = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": conf.osapi_compute_workers,
            "threads": conf.osapi_compute_threads,
            "worker_class": "gthread",
            "graceful_timeout": 60,
            "keepalive": 75,
            "limit_request_field_size": 16384,
            "proc_name": "nova-api",
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
    Workers(wiring.configure("nova-api", argv)).run()
    return 0
