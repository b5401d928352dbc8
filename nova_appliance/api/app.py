# SPDX-License-Identifier: Apache-2.0
"""The Compute API as one WSGI application: edge > open documents | authentication > Pecan."""

from __future__ import annotations

import gc
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from nova_appliance.api import auth, documents, edge, policy
from nova_appliance.api.metrics import Metrics
from nova_appliance.api.router import Router
from nova_appliance.api.routes import ROUTES
from nova_appliance.common import errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from nova_appliance.actions.cloud import Cloud

_TREE = re.compile(r"/v2(\.1)?/+[^/]")


def make_app(cloud: Cloud) -> WSGIApplication:
    """The application; everything that can be done before requests come is done here."""
    rules = policy.make_rules(cloud.conf)
    metrics = Metrics()
    guarded = auth.guard(cloud.conf, rules, Router(cloud, ROUTES))
    opened: dict[str, Any] = {"/healthcheck": _healthy, "/metrics": metrics.show}
    public = documents.make_public(cloud.conf)
    gc.freeze()  # what stands now stays: long lists need not be held up by looking through it

    def choose(environ: WSGIEnvironment) -> WSGIApplication:
        path = environ.get("PATH_INFO", "")
        _check_text(path, environ.get("QUERY_STRING", ""))
        environ[policy.KEY] = rules
        if _TREE.match(path):
            return guarded
        app: WSGIApplication = opened.get(path, public)
        return app

    return edge.wrap(choose, metrics)


def _check_text(path: str, query: str) -> None:
    """Raises Invalid unless path and query are UTF-8."""
    try:
        path.encode("latin-1").decode()
        if "%" in query or not query.isascii():
            urllib.parse.unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeError as error:
        raise errors.Invalid("The address of the request is not valid UTF-8.") from error


def _healthy(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """GET /healthcheck: this process takes requests."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"OK"]
