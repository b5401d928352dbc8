# SPDX-License-Identifier: Apache-2.0
"""Whose request it is: signed headers of the network service's proxy, or the guest's address.

Source: ec2-console-cert-hypervisor.md section 2. Who is not known for certain gets nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Mapping
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import ids
from nova_appliance.metadata.guest_request import Asked, Refusal

LOG = logging.getLogger(__name__)
Who = tuple[str, str]
"""Server and project; the project is empty where the address alone told."""


def of(cloud: Cloud, asked: Asked) -> Who:
    """Who asks. Raises Refusal: 400 for missing headers, 403 for wrong ones, 404 for unknown."""
    if not cloud.conf.neutron.service_metadata_proxy:
        return _by_address(cloud, asked.source, {})
    if "x-metadata-provider" in asked.headers:
        return _behind_provider(cloud, asked.headers)
    return _signed(cloud, asked.headers)


def sign(secret: str, text: str) -> str:
    """The signature of a proxy that knows the secret."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _signed(cloud: Cloud, headers: Mapping[str, str]) -> Who:
    server_id = _one(headers, "X-Instance-ID")
    project_id = _one(headers, "X-Tenant-ID")
    _check(cloud, server_id, headers.get("x-instance-id-signature", ""))
    if not ids.is_id(server_id):
        raise unknown()
    return server_id, project_id


def _behind_provider(cloud: Cloud, headers: Mapping[str, str]) -> Who:
    """A load balancer of the network service tells its network and the guest's address."""
    provider = _one(headers, "X-Metadata-Provider")
    address = _one(headers, "X-Forwarded-For").split(",", 1)[0].strip()
    _check(cloud, provider, headers.get("x-metadata-provider-signature", ""))
    subnets = cloud.networks.rows.list_(None, "subnets", advanced_service_providers=provider)
    networks = sorted({row["network_id"] for row in subnets})
    if not networks:
        raise unknown()
    return _by_address(cloud, address, {"network_id": networks})


def _one(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "").strip()
    if not value:
        raise Refusal(400, f"{name} header is missing from request.")
    if "," in value and name != "X-Forwarded-For":
        raise Refusal(400, f"Multiple {name} headers found within request.")
    return value


def _check(cloud: Cloud, text: str, signature: str) -> None:
    secret = cloud.conf.neutron.metadata_proxy_shared_secret
    wanted = sign(secret, text)
    if not secret or not hmac.compare_digest(wanted.encode(), signature.encode()):
        LOG.warning("a request for metadata of %r is not signed as the proxy signs", text[:64])
        raise Refusal(403, "Invalid proxy request signature.")


def _by_address(cloud: Cloud, address: str, more: Mapping[str, Any]) -> Who:
    """The server that alone has this fixed address."""
    try:
        told = str(ipaddress.ip_address(address))
    except ValueError as error:
        raise unknown() from error
    rows = cloud.networks.rows.list_(None, "ports", fixed_ips=f"ip_address={told}", **more)
    own = {
        row["device_id"]
        for row in rows
        if str(row["device_owner"]).startswith("compute:") and ids.is_id(row["device_id"])
    }
    if len(own) != 1:
        LOG.info("metadata: %d servers have the address %s", len(own), told)
        raise unknown()
    return own.pop(), ""


def unknown() -> Refusal:
    """What is said to whoever is not known."""
    return Refusal(404, "There is no metadata for you.")
