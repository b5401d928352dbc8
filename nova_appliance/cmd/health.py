# SPDX-License-Identifier: Apache-2.0
"""/healthcheck and /metrics of daemons that serve no API: [metrics_endpoint] port."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import prometheus_client
from oslo_config import cfg

from nova_appliance.cmd.http import HttpServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def endpoint(conf: cfg.ConfigOpts, healthy: Callable[[], bool]) -> HttpServer | None:
    """The server of the two pages, None when no port is set."""
    if not conf.metrics_endpoint.port:
        return None
    metrics = prometheus_client.make_wsgi_app()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            found: Iterable[bytes] = metrics(environ, start)
            return found
        if path != "/healthcheck":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Only /healthcheck and /metrics are here.\n"]
        well = healthy()
        start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"OK\n" if well else b"NOT READY\n"]

    return HttpServer(answer, conf.metrics_endpoint.listen, conf.metrics_endpoint.port, threads=2)
