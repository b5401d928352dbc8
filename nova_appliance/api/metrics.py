# SPDX-License-Identifier: Apache-2.0
"""GET /metrics of the Compute API: counts and latencies by operation, of all worker processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client import multiprocess, values

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable, prometheus_client's own: where workers keep their counts for each other."""
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """Counters in a registry of their own; one object a process.

    With FOLDER set, any worker shows the sums of all, those that have died included.
    """

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER)
        if self._folder:
            # what prometheus_client does itself when it is imported after the variable was set
            values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.registry = prometheus_client.CollectorRegistry()
        self.requests = prometheus_client.Counter(
            "nova_api_requests", "Requests answered.", ("operation", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = prometheus_client.Histogram(
            "nova_api_request_seconds", "Time to answer.", ("operation",),
            registry=self.registry, buckets=_BUCKETS,
        )  # fmt: skip

    def count(self, operation: str, status: str, seconds: float) -> None:
        """One request was answered."""
        self.requests.labels(operation, status).inc()
        self.seconds.labels(operation).observe(seconds)

    def show(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """GET /metrics."""
        registry = self.registry
        if self._folder:
            registry = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        start_response("200 OK", [("Content-Type", prometheus_client.CONTENT_TYPE_LATEST)])
        return [prometheus_client.generate_latest(registry)]
