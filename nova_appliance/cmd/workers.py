# SPDX-License-Identifier: Apache-2.0
"""gunicorn, told by nova.conf: worker processes with threads for one of our WSGI applications."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from gunicorn.app.base import BaseApplication

from nova_appliance.common import shapes


@dataclasses.dataclass(frozen=True)
class Serving:
    """The name of the process, where it listens, and with how many workers and threads."""

    name: str
    host: str
    port: int
    workers: int
    threads: int
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further settings of gunicorn."""


class Workers(BaseApplication):  # type: ignore[misc]
    """Each worker makes the application for itself, with its own databases and message bus."""

    def __init__(self, serving: Serving, make: Callable[[], Callable[..., Any]]) -> None:
        self._serving, self._make = serving, make
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn."""
        own = self._serving
        settings = {
            "bind": f"[{own.host}]:{own.port}" if ":" in own.host else f"{own.host}:{own.port}",
            "workers": own.workers,
            "threads": own.threads,
            "worker_class": "gthread",
            "graceful_timeout": 60,
            "keepalive": 75,
            "proc_name": own.name,
            "control_socket_disable": True,
            **own.more,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """The WSGI application of one worker."""
        app = self._make()
        shapes.learn()
        return app
