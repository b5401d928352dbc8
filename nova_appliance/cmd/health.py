# SPDX-License-Identifier: Apache-2.0
"""/healthcheck and /metrics of daemons that serve no API: [metrics_endpoint] port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import prometheus_client
import waitress
from oslo_config import cfg

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Endpoint:
    """A small HTTP server in a thread of its own; absent when no port is set."""

    def __init__(self, conf: cfg.ConfigOpts, healthy: Callable[[], bool]) -> None:
        self._healthy = healthy
        self._metrics = prometheus_client.make_wsgi_app()
        self._server = None
        if conf.metrics_endpoint.port:
            self._server = waitress.create_server(
                self._answer,
                host=conf.metrics_endpoint.listen,
                port=conf.metrics_endpoint.port,
                threads=2,
                clear_untrusted_proxy_headers=True,
            )

    def start(self) -> None:
        """Listen."""
        if self._server:
            threading.Thread(target=self._server.run, name="health", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            found: Iterable[bytes] = self._metrics(environ, start)
            return found
        if path != "/healthcheck":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Only /healthcheck and /metrics are here.\n"]
        well = self._healthy()
        start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"OK\n" if well else b"NOT READY\n"]
