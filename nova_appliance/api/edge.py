# SPDX-License-Identifier: Apache-2.0
"""The outermost layer: request ids, metrics, one line of log per request, last-resort errors."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from nova_appliance.api import faults
from nova_appliance.api.metrics import Metrics
from nova_appliance.common import context as contexts
from nova_appliance.common import ids

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
ID_HEADERS = ("X-Compute-Request-ID", "X-OpenStack-Request-ID")
_GLOBAL_ID = re.compile(r"req-[0-9a-fA-F-]{36}")


def wrap(choose: Callable[[WSGIEnvironment], WSGIApplication], metrics: Metrics) -> WSGIApplication:
    """The application that gives each request an id and hands it to the one `choose` names."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = _take_ids(environ)
        began = time.perf_counter()
        status = ["500"]

        def start(line: str, headers: list[tuple[str, str]], *rest: object) -> object:
            status[0] = line[:3]
            if environ.get("nova.with_ids", True):
                headers = [*headers, *((name, request_id) for name in ID_HEADERS)]
            return start_response(line, headers, *rest)  # type: ignore[arg-type]

        try:
            return choose(environ)(environ, start)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - the last resort
            return _answer(start, faults.failure(error, request_id))
        finally:
            seconds = time.perf_counter() - began
            operation = environ.get("nova.operation", "other")
            metrics.count(operation, status[0], seconds)
            LOG.info("%s %s %s %.1f ms", request_id, operation, status[0], seconds * 1000)

    return call


def _take_ids(environ: WSGIEnvironment) -> str:
    request_id = environ["openstack.request_id"] = ids.new_request_id()
    contexts.RequestContext(request_id=request_id)  # for the log, until the caller is known
    asked = environ.get("HTTP_X_OPENSTACK_REQUEST_ID", "")
    if _GLOBAL_ID.fullmatch(asked):
        environ["openstack.global_request_id"] = asked
    return request_id


def _answer(start: Callable[..., object], failure: faults.Failure) -> Iterable[bytes]:
    body = msgspec.json.encode(failure.body)
    start(
        f"{failure.status} Error",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]
