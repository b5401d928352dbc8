# SPDX-License-Identifier: Apache-2.0
"""Errors in Neutron's dialect: the name of the class is the `type` that clients read."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.web import Failure, Unauthorized

_PLAIN = {
    "Invalid": "HTTPBadRequest",
    "NotFound": "HTTPNotFound",
    "Forbidden": "HTTPForbidden",
    "Conflict": "HTTPConflict",
    "Unsupported": "HTTPNotImplemented",
    "InternalServerError": "HTTPInternalServerError",
}


def as_neutron(failure: Failure) -> dict[str, Any]:
    """The body of an error; 401 comes from the token check and has its own shape."""
    if failure.kind == Unauthorized.__name__:
        told = {"code": 401, "title": failure.title, "message": failure.message}
        return {"error": told}
    kind = _PLAIN.get(failure.kind, failure.kind)
    return {"NeutronError": {"type": kind, "message": failure.message, "detail": ""}}


class InvalidInput(errors.Invalid):
    """A value that is well formed and yet wrong."""


class PolicyNotAuthorized(errors.Forbidden):
    """The caller's roles do not allow it."""


class NetworkNotFound(errors.NotFound):
    """No such network for this caller."""


class SubnetNotFound(errors.NotFound):
    """No such subnet for this caller."""


class PortNotFound(errors.NotFound):
    """No such port for this caller."""


class SecurityGroupNotFound(errors.NotFound):
    """No such security group for this caller."""


class SecurityGroupRuleNotFound(errors.NotFound):
    """No such rule for this caller."""


class RoutesExhausted(errors.Invalid):
    """More static routes than a router may have."""


class RouterNotFound(errors.NotFound):
    """No such router for this caller."""


class FloatingIPNotFound(errors.NotFound):
    """No such floating IP for this caller."""


class RouterInterfaceNotFound(errors.NotFound):
    """The router has no such interface."""


class InvalidRoutes(errors.Invalid):
    """A static route leads through an address that the router does not see."""


class RouterInterfaceInUseByRoute(errors.Conflict):
    """Static routes still need the interface."""


class ExternalGatewayForFloatingIPNotFound(errors.NotFound):
    """No router leads from the port's subnet to the floating IP's network."""


class TagNotFound(errors.NotFound):
    """The resource does not carry this tag."""


class AgentNotFound(errors.NotFound):
    """No such agent."""


class OverQuota(errors.Conflict):
    """The project's quota does not allow it; Neutron says 409."""


class IpAddressGenerationFailure(errors.Conflict):
    """No address is free."""


class IpAddressAlreadyAllocated(errors.Conflict):
    """The wanted address is taken."""


class InvalidIpForNetwork(errors.Invalid):
    """The wanted address is in no subnet of the network."""


class InvalidIpForSubnet(errors.Invalid):
    """The wanted address is not in the wanted subnet."""


class MacAddressInUse(errors.Conflict):
    """Another port of the network has this MAC address."""


class NetworkInUse(errors.Conflict):
    """The network still has ports."""


class SubnetInUse(errors.Conflict):
    """Ports still have addresses of the subnet."""


class GatewayIpInUse(errors.Conflict):
    """A router holds the gateway address."""


class ServicePortInUse(errors.Conflict):
    """The port belongs to a router or a floating IP and goes with it."""


class PortInUse(errors.Conflict):
    """The port belongs to something else already."""


class SecurityGroupInUse(errors.Conflict):
    """Ports still use the group."""


class SecurityGroupCannotRemoveDefault(errors.Conflict):
    """The default group stays."""


class SecurityGroupDefaultAlreadyExists(errors.Conflict):
    """Each project has one default group, and it makes itself."""


class SecurityGroupRuleExists(errors.Conflict):
    """The same rule is there already."""


class RouterInUse(errors.Conflict):
    """The router still has interfaces."""


class RouterInterfaceInUseByFloatingIP(errors.Conflict):
    """Floating IPs still need the interface."""


class RouterExternalGatewayInUseByFloatingIp(errors.Conflict):
    """Floating IPs still need the gateway."""


class FloatingIPPortAlreadyAssociated(errors.Conflict):
    """The fixed address has a floating IP already."""
