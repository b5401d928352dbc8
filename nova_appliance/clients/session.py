# SPDX-License-Identifier: Apache-2.0
"""The service user's door to the neighbours: one pooled session a process, errors of our families.

Images and Networks speak through a Neighbour; nothing else in Nova opens HTTP connections.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from typing import Any

import requests
from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa
from keystoneauth1 import session as ksa_session
from keystoneauth1.identity import v3
from oslo_config import cfg

from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext

POOL = 64
CONNECT_RETRIES = 2


def open_session(conf: cfg.ConfigOpts) -> ksa_session.Session:
    """A session of the [service_user]; safe for threads. Connects on first use only."""
    user = conf.service_user
    auth = v3.Password(
        auth_url=user.auth_url,
        username=user.username,
        password=user.password,
        project_name=user.project_name,
        user_domain_name=user.user_domain_name,
        project_domain_name=user.project_domain_name,
    )
    pool = requests.Session()
    for scheme in ("http://", "https://"):
        pool.mount(scheme, ksa_session.TCPKeepAliveAdapter(pool_maxsize=POOL))
    return ksa_session.Session(
        auth=auth,
        session=pool,
        verify=user.cafile or True,
        timeout=user.timeout,
        user_agent="nova",
    )


PER_PROJECT = {"block-storage": "", "object-store": "AUTH_"}
"""Neighbours whose endpoints name a project > what stands before its id."""
SHOWN = frozenset({"block-storage"})
"""Neighbours that are shown our token as a service's too, in what we ask in our own right: Cinder ends
attachments of a server for a service only (CVE-2023-2088)."""


class Neighbour:
    """One service of the catalog, spoken to as the service user or with a caller's own token."""

    def __init__(self, session: ksa_session.Session, conf: cfg.ConfigOpts, kind: str) -> None:
        override = {
            "image": lambda: conf.glance.endpoint_override,
            "network": lambda: conf.neutron.endpoint_override,
            "block-storage": lambda: conf.cinder.endpoint_template,
            "object-store": lambda: conf.swift.endpoint_template,
            "shared-file-system": lambda: conf.manila.endpoint_override,
        }[kind]()
        self.kind = kind
        self._adapter = adapter.Adapter(
            session,
            service_type=kind,
            interface=["internal", "public"],
            region_name=conf.service_user.region_name,
            endpoint_override=override,
            connect_retries=CONNECT_RETRIES,
            connect_retry_delay=0.2,
        )

    def ask(
        self,
        method: str,
        path: str,
        context: RequestContext | None = None,
        **options: Any,
    ) -> requests.Response:
        """Send a request and return its answer; raises one of our families for any other end.

        With a context that has a token, the neighbour decides by that caller's rights.
        """
        callers = context is not None and bool(context.auth_token)
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        if context is not None and context.global_id:
            headers["X-Openstack-Request-Id"] = context.global_id
        if context is not None and callers:
            headers["X-Auth-Token"] = context.auth_token
            options |= {"authenticated": False, "endpoint_override": self._endpoint(context)}
        with mapped(self.kind, callers=callers):
            if self.kind in SHOWN and not callers:
                headers["X-Service-Token"] = str(self._adapter.get_token())
            return self._adapter.request(path, method, headers=headers, **options)

    def _endpoint(self, context: RequestContext) -> str | None:
        """Where the caller asks: an endpoint that names our project names the caller's instead."""
        with mapped(self.kind):
            endpoint = self._adapter.endpoint_override or self._adapter.get_endpoint()
            if endpoint is None or self.kind not in PER_PROJECT:
                return endpoint
            base, _, last = endpoint.rstrip("/").rpartition("/")
            prefix = PER_PROJECT[self.kind] if last.startswith(PER_PROJECT[self.kind]) else ""
            ours = last[len(prefix) :] in (self._adapter.get_project_id(), "%(project_id)s")
        return f"{base}/{prefix}{context.project_id}" if ours else endpoint


@contextlib.contextmanager
def mapped(kind: str, *, callers: bool = False) -> Iterator[None]:
    """Turn the errors of keystoneauth and requests into our families, their sentence kept.

    A token that is not accepted is our own fault (Unavailable) unless it is the caller's.
    """
    try:
        yield
    except ksa.Unauthorized as error:
        if callers:
            raise _family(kind, error) from error
        message = f"The {kind} service does not accept Nova's own credentials."
        raise errors.Unavailable(message) from error
    except ksa.HttpError as error:
        raise _family(kind, error) from error
    except ksa.EndpointNotFound as error:
        raise errors.Absent(f"The catalog has no {kind} service: {error}") from error
    except (ksa.ClientException, requests.RequestException) as error:
        raise errors.Unavailable(f"The {kind} service does not answer: {error}") from error


_FAMILIES: dict[int, type[errors.ApplianceError]] = {
    400: errors.Invalid,
    401: errors.Forbidden,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.NotFound,
    413: errors.OverQuota,
    422: errors.Invalid,
    501: errors.Unsupported,
}


def _family(kind: str, error: ksa.HttpError) -> errors.ApplianceError:
    sentence, type_ = explain(error.response)
    family = _FAMILIES.get(error.http_status)
    if type_ == "OverQuota":
        family = errors.OverQuota
    if family is None:
        return errors.Unavailable(f"The {kind} service failed ({error.http_status}): {sentence}")
    return family(sentence or f"The {kind} service refused with {error.http_status}.")


def error_type(error: BaseException) -> str:
    """The neighbour's own name of the error behind one of ours, such as MacAddressInUse; or ''."""
    cause = error.__cause__
    return explain(cause.response)[1] if isinstance(cause, ksa.HttpError) else ""


def explain(response: requests.Response | None) -> tuple[str, str]:
    """The sentence of an error answer and its type: JSON of any dialect, HTML, or plain text."""
    if response is None:
        return "", ""
    try:
        body = response.json()
    except ValueError:
        return _plain(response.text), ""
    for part in (body, *body.values()) if isinstance(body, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("message"), str):
            return _plain(part["message"]), str(part.get("type", ""))
        if isinstance(part, str) and list(body) == ["NeutronError"]:
            return part, ""
    return "", ""


_HEADING = re.compile(r"<(title|h1)>.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", _HEADING.sub(" ", text))).split())[:1000]
