# SPDX-License-Identifier: Apache-2.0
"""Which interfaces a new server gets: networks and ports of the request, checked."""

from __future__ import annotations

from collections.abc import Sequence

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_nouns import Network
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.boot import BootRequest, NetworkRequest

DEFAULT_GROUPS = ("default",)


def choose(
    cloud: Cloud, context: RequestContext, request: BootRequest
) -> tuple[NetworkRequest, ...]:
    """The interfaces to make. Raises Invalid, Forbidden, and Conflict for an ambiguous or used one."""
    if request.networks == "none":
        return ()
    if isinstance(request.networks, str):
        found = _what_there_is(cloud, context)
        return found or (_have_made(cloud, context) if request.networks == "auto" else ())
    _check_count(request.networks, request.max_count)
    networks = _check_networks(cloud, context, request.networks)
    if not request.may_use_external:
        _check_external(networks)
    for wanted in request.networks:
        if wanted.port_id:
            _check_port(cloud, context, wanted.port_id)
    return request.networks


def security_group_ids(
    cloud: Cloud, context: RequestContext, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Ids of the groups; none for the default one, which the network service gives by itself.

    Raises Invalid for a group that the project does not have.
    """
    if names == DEFAULT_GROUPS:
        return ()
    found = cloud.networks.security_groups(str(context.project_id), names)
    return tuple(group.id for group in found)


def _what_there_is(cloud: Cloud, context: RequestContext) -> tuple[NetworkRequest, ...]:
    found = cloud.networks.usable(str(context.project_id), None, context)
    usable = [network for network in found if network.subnet_ids]
    if len(usable) > 1:
        raise errors.Conflict(
            "More than one possible network found. Specify network ID(s) to select which one(s) "
            "to connect to."
        )
    return tuple(NetworkRequest(network_id=network.id) for network in usable)


def _have_made(cloud: Cloud, context: RequestContext) -> tuple[NetworkRequest, ...]:
    network_id = cloud.networks.topologies.network_of(str(context.project_id))
    return (NetworkRequest(network_id=network_id),)


def _check_count(wanted: Sequence[NetworkRequest], count: int) -> None:
    ports = [row.port_id for row in wanted if row.port_id]
    if len(set(ports)) < len(ports):
        raise errors.Invalid("A port may be named only once.")
    if count > 1 and ports:
        raise errors.Invalid(
            "Unable to launch multiple instances with a single configured port ID. Please launch "
            "your instance one by one with different ports."
        )
    if count > 1 and any(row.fixed_ip for row in wanted):
        raise errors.Invalid("Multiple servers cannot have the same fixed IP address.")


def _check_networks(
    cloud: Cloud, context: RequestContext, wanted: Sequence[NetworkRequest]
) -> tuple[Network, ...]:
    ids = [row.network_id for row in wanted if row.network_id and not row.port_id]
    if not ids:
        return ()
    usable = cloud.networks.usable(str(context.project_id), ids, context)
    found = {network.id: network for network in usable}
    for network_id in ids:
        if network_id not in found:
            raise errors.Invalid(f"Network {network_id} could not be found.")
        if not found[network_id].subnet_ids:
            raise errors.Invalid(
                f"Network {network_id} requires a subnet in order to boot instances on."
            )
    return usable


def _check_external(networks: Sequence[Network]) -> None:
    for network in networks:
        if network.external and not network.shared:
            raise errors.Forbidden(
                f"It is not allowed to create an interface on external network {network.id}"
            )


def _check_port(cloud: Cloud, context: RequestContext, port_id: str) -> None:
    try:
        port = cloud.networks.get_port(port_id)
    except errors.NotFound as error:
        raise errors.Invalid(f"Port id {port_id} could not be found.") from error
    if not context.is_admin and port.project_id != context.project_id:
        raise errors.Invalid(f"Port id {port_id} could not be found.")
    if port.device_id:
        raise errors.Conflict(f"Port {port_id} is still in use.")
    if not port.fixed_ips:
        raise errors.Invalid(f"Port {port_id} requires a FixedIP in order to be used.")
