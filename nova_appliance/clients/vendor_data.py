# SPDX-License-Identifier: Apache-2.0
"""Vendor data: what the operator tells guests, from a file and from services of the operator's own.

[api] vendordata_*: the wire of a dynamic provider is Nova's (a POST of JSON, an answer of JSON).
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import requests
from keystoneauth1 import exceptions as ksa
from keystoneauth1 import session as ksa_session
from oslo_config import cfg

from nova_appliance.clients.session import open_session
from nova_appliance.common import errors
from nova_appliance.domain.server import Server

LOG = logging.getLogger(__name__)
STATIC, DYNAMIC = "StaticJSON", "DynamicJSON"
MOST_BYTES = 1024**2
Told = dict[str, Any]


class VendorData:
    """What [api] vendordata_providers say of a server; safe for threads."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._session: ksa_session.Session | None = None

    def read(self, server: Server) -> tuple[Told, Told]:
        """vendor_data.json and vendor_data2.json of a server.

        Raises Unavailable when a dynamic provider fails and vendordata_dynamic_failure_fatal is set.
        """
        providers = self._conf.api.vendordata_providers
        static = self._static() if STATIC in providers else {}
        told: Told = {}
        for provider in providers:
            if provider == STATIC:
                told.setdefault("static", static)
            elif provider == DYNAMIC:
                for name, url in self._targets():
                    if name not in told:
                        told[name] = self._ask(url, server)
        return static, told

    def _static(self) -> Told:
        """The file's content; a file that is not there or no JSON tells nothing, and is logged."""
        path = self._conf.api.vendordata_jsonfile_path
        if not path:
            return {}
        try:
            found = json.loads(Path(path).read_text())
        except (OSError, ValueError) as error:
            LOG.warning("vendor data: %s cannot be read: %s", path, error)
            return {}
        return found if isinstance(found, dict) else {}

    def _targets(self) -> list[tuple[str, str]]:
        """(name, URL) of each target; `name@url`, or a URL alone."""
        parts = (one.partition("@") for one in self._conf.api.vendordata_dynamic_targets)
        return [(name, url) if url else ("", name) for name, _, url in parts]

    def _ask(self, url: str, server: Server) -> Any:
        conf = self._conf.api
        timeouts = (conf.vendordata_dynamic_connect_timeout, conf.vendordata_dynamic_read_timeout)
        try:
            answer = self._send(url, _question(server, self._conf.api.dhcp_domain), timeouts)
            return _told(answer)
        except (requests.RequestException, ksa.ClientException, ValueError) as error:
            LOG.warning("vendor data: %s did not tell of server %s: %s", url, server.id, error)
            if conf.vendordata_dynamic_failure_fatal:
                raise errors.Unavailable("A provider of vendor data does not answer.") from error
            return {}

    def _send(self, url: str, question: Told, timeouts: tuple[int, int]) -> requests.Response:
        """With the token of the service user if [vendordata_dynamic_auth] asks for one."""
        headers = {"Accept": "application/json", "User-Agent": "openstack-nova-vendordata"}
        token: dict[str, str] = {}
        if self._conf.vendordata_dynamic_auth.send_service_token:
            self._session = self._session or open_session(self._conf)
            token = self._session.get_auth_headers() or {}
        verify = self._conf.api.vendordata_dynamic_ssl_certfile or True
        return requests.post(
            url, json=question, headers={**headers, **token}, timeout=timeouts, verify=verify
        )


def _told(answer: requests.Response) -> Any:
    """What the provider says; raises ValueError for what is no JSON or too much."""
    answer.raise_for_status()
    if len(answer.content) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return answer.json() if answer.content else {}


def _question(server: Server, domain: str) -> Told:
    """What a provider is told of the server."""
    return {
        "project-id": server.project_id,
        "instance-id": server.id,
        "image-id": server.image.id if server.image else None,
        "user-data": server.user_data,
        "hostname": f"{server.hostname}.{domain}" if domain else server.hostname,
        "metadata": server.metadata,
        "boot-roles": server.system_metadata.get("boot_roles", ""),
    }
