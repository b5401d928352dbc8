# SPDX-License-Identifier: Apache-2.0
"""The EC2 API as one WSGI application: read, verify, parse, call one action, shape its answer."""

from __future__ import annotations

import dataclasses
import logging
import re
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from oslo_policy import policy as oslo_policy

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.ec2_tokens import Ec2Tokens, Signer
from nova_appliance.clients.network_rows import NetworkRows
from nova_appliance.clients.objects import Objects
from nova_appliance.common import ids
from nova_appliance.common.context import RequestContext
from nova_appliance.ec2 import faults, model, parameters, policy, request, signatures, xml
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.names import Names
from nova_appliance.ec2.routes import ROUTES
from nova_appliance.ec2.unbuilt import UNBUILT

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
OLDEST = "2009-11-30"
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")
_XML = ("Content-Type", "text/xml;charset=UTF-8")


@dataclasses.dataclass(frozen=True)
class Api:
    """What the application works with; made once."""

    cloud: Cloud
    tokens: Ec2Tokens
    rows: NetworkRows
    names: Names
    model: model.Model
    enforcer: oslo_policy.Enforcer
    objects: Objects | None


def make_app(
    cloud: Cloud, tokens: Ec2Tokens, rows: NetworkRows, objects: Objects | None = None
) -> WSGIApplication:
    """The application; `tokens` checks signatures, `rows` is the network service."""
    changes = {name: route.changes for name, route in ROUTES.items()}
    api = Api(
        cloud=cloud,
        tokens=tokens,
        rows=rows,
        names=Names(cloud.cells.api),
        model=model.load(ROUTES),
        enforcer=policy.make_enforcer(cloud.conf, changes),
        objects=objects,
    )

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/healthcheck":
            return _send(start_response, 200, b"OK", [("Content-Type", "text/plain")])
        began = time.perf_counter()
        request_id = ids.new_request_id()
        log = {"action": "-"}
        status, body = _answer(api, environ, request_id, log)
        spent_ms = (time.perf_counter() - began) * 1000
        LOG.info("%s %s %s %.1f ms", request_id, log["action"], status, spent_ms)
        return _send(start_response, status, body, [_XML, ("x-amzn-RequestId", request_id)])

    return call


def _answer(
    api: Api, environ: WSGIEnvironment, request_id: str, log: dict[str, str]
) -> tuple[int, bytes]:
    try:
        asked = request.read(environ, api.cloud.conf.ec2.max_request_body_size)
        return 200, _call(api, asked, request_id, log)
    except Exception as error:  # noqa: BLE001 - the last resort
        fault = faults.describe(error, request_id)
        return faults.status(fault), faults.body(fault, request_id)


def _call(api: Api, asked: request.Asked, request_id: str, log: dict[str, str]) -> bytes:
    given = dict(asked.parameters)
    action, version = given.get("Action", ""), _version(given)
    if not action:
        raise Fault("MissingAction", "The request must contain the parameter Action")
    conf = api.cloud.conf.ec2
    signed = signatures.read(asked, api.cloud.clock.now(), conf.timestamp_expiry)
    signer = api.tokens.check(signed)
    if signer is None:
        raise signatures.denied()
    operation = _operation(api.model, action)
    log["action"] = action
    context = _context(api, signer, request_id)
    policy.enforce(api.enforcer, context, action)
    params = parameters.parse(api.model, operation, asked.parameters)
    url = conf.public_url or asked.url
    caller = Caller(api.cloud, context, api.rows, api.names, version, url, api.objects)
    data = _act(caller, action, params)
    return xml.answer(api.model, operation, version, request_id, data)


def _act(caller: Caller, action: str, params: dict[str, Any]) -> dict[str, Any]:
    if params.pop("DryRun", False):
        raise Fault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    return ROUTES[action].act(caller, params)


def _operation(known: model.Model, action: str) -> model.Operation:
    if action in known.operations:
        return known.operations[action]
    if action in known.known:
        usual = f"{action} is an EC2 action that is not built here."
        raise Fault("UnsupportedOperation", UNBUILT.get(action, usual))
    told = parameters.shown(action)
    raise Fault("InvalidAction", f"The action {told} is not valid for this web service.")


def _version(given: Mapping[str, str]) -> str:
    version = given.get("Version") or model.NEWEST
    if not _VERSION.fullmatch(version) or not OLDEST <= version <= model.NEWEST:
        raise Fault(
            "NoSuchVersion", f"The requested version must be from {OLDEST} to {model.NEWEST}."
        )
    return version


def _context(api: Api, signer: Signer, request_id: str) -> RequestContext:
    context = RequestContext(
        user_id=signer.user_id,
        project_id=signer.project_id,
        roles=list(signer.roles),
        auth_token=signer.token,
        request_id=request_id,
        overwrite=False,
    )
    context.is_admin = policy.is_admin(api.enforcer, context)
    return context


def _send(
    start_response: StartResponse, status: int, body: bytes, headers: list[tuple[str, str]]
) -> Iterable[bytes]:
    line = f"{status} {HTTPStatus(status).phrase}"
    start_response(line, [*headers, ("Content-Length", str(len(body)))])
    return [body]
