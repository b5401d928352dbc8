# SPDX-License-Identifier: Apache-2.0
"""The metadata service as one WSGI application: who asks, may they, and what stands there."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_appliance.actions import find_server, server_password
from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.metadata import documents, guest_request, identity, session_tokens
from nova_appliance.metadata.guest_request import Asked, Refusal
from nova_appliance.metadata.known_facts import KnownFacts
from nova_appliance.metadata.rate import Rate
from nova_appliance.metadata.session_tokens import SessionTokens

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
Headers = dict[str, str]
TEXT = documents.TEXT
Answer = tuple[int, Headers, bytes]


@dataclasses.dataclass(frozen=True)
class Service:
    """What the application works with; made once."""

    cloud: Cloud
    facts: KnownFacts
    rate: Rate
    tokens: SessionTokens


def make_app(cloud: Cloud) -> WSGIApplication:
    """The application. Raises Invalid as `check` does."""
    conf = cloud.conf
    check(conf)
    rate = Rate(conf.metadata.rate, conf.metadata.burst)
    service = Service(cloud, KnownFacts(cloud), rate, SessionTokens(conf))

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        if environ.get("PATH_INFO") == "/healthcheck":
            status, headers, body = 200, {"Content-Type": TEXT}, b"OK"
        else:
            status, headers, body = _answer(service, environ)
            spent_ms = (time.perf_counter() - began) * 1000
            path = environ.get("PATH_INFO", "")[:200]
            LOG.info("%s %r %s %.1f ms", environ["REQUEST_METHOD"], path, status, spent_ms)
        headers["Content-Length"] = str(len(body))
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return call


def check(conf: cfg.ConfigOpts) -> None:
    """Raise Invalid when a proxy is to be believed without a secret."""
    if conf.neutron.service_metadata_proxy and not conf.neutron.metadata_proxy_shared_secret:
        raise errors.Invalid(
            "[neutron] service_metadata_proxy needs metadata_proxy_shared_secret: without it "
            "anybody could ask for the data of any server."
        )


def _answer(service: Service, environ: WSGIEnvironment) -> Answer:
    try:
        return _call(service, guest_request.read(environ))
    except Refusal as refusal:
        return _refuse(refusal.status, refusal.sentence, refusal.headers)
    except errors.Unavailable:
        LOG.warning("metadata: a neighbour or a database does not answer", exc_info=True)
        return _refuse(503, "The metadata cannot be read just now; ask again.")
    except Exception:
        LOG.exception("metadata: a request failed")
        return _refuse(500, "The metadata service failed.")


def _refuse(status: int, sentence: str, headers: Headers | None = None) -> Answer:
    return status, {"Content-Type": TEXT, **(headers or {})}, f"{sentence}\n".encode()


def _call(service: Service, asked: Asked) -> Answer:
    server_id, project_id = identity.of(service.cloud, asked)
    service.rate.take(server_id, service.cloud.clock.monotonic())
    facts, now_s = service.facts.of(server_id, project_id), time.time()
    if asked.path == session_tokens.PATH:
        return _token(service, asked, server_id, now_s)
    service.tokens.check(asked, facts.server, now_s)
    if documents.password_at(asked.path):
        return _password(service, asked, server_id)
    if asked.method not in {"GET", "HEAD"}:
        raise Refusal(405, "Only GET works here.", {"Allow": "GET, HEAD"})
    return _shown(documents.find(facts, asked.path, service.cloud.clock.now().date()))


def _shown(document: documents.Document | None) -> Answer:
    if document is None:
        raise Refusal(404, "There is nothing at this path.")
    return 200, {"Content-Type": document.kind}, document.body


def _token(service: Service, asked: Asked, server_id: str, now_s: float) -> Answer:
    """A session token."""
    if asked.method != "PUT":
        raise Refusal(405, "Only PUT works here.", {"Allow": "PUT"})
    token, life_s = service.tokens.give(asked, server_id, now_s)
    return 200, {"Content-Type": TEXT, session_tokens.LIFE: str(life_s)}, token.encode()


def _password(service: Service, asked: Asked, server_id: str) -> Answer:
    """The guest's own password, encrypted by it: read, or told once."""
    if asked.method not in {"GET", "HEAD", "POST"}:
        raise Refusal(405, "GET and POST work here.", {"Allow": "GET, HEAD, POST"})
    try:
        server = find_server.by_id(service.cloud, server_id)
        if asked.method != "POST":
            return _shown(documents.Document(server_password.read(server).encode()))
        server_password.write(service.cloud, server, asked.body.decode("ascii"))
    except errors.NotFound as error:
        raise identity.unknown() from error
    except (errors.Invalid, UnicodeDecodeError) as error:
        raise Refusal(400, "The password is too long, or no ASCII.") from error
    except errors.Conflict as error:
        raise Refusal(409, "There is a password already.") from error
    return 200, {"Content-Type": TEXT}, b""
