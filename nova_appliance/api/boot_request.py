# SPDX-License-Identifier: Apache-2.0
"""The body of POST /servers as a BootRequest; below this nobody knows a microversion."""

from __future__ import annotations

from typing import Any

from nova_appliance.api import access_addresses
from nova_appliance.api.block_devices import block_devices
from nova_appliance.api.policies import servers as rules
from nova_appliance.api.policy import enforce, may
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.common import errors, ids
from nova_appliance.db import flavors
from nova_appliance.domain.boot import BootRequest, NetworkRequest

_HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")


def read(req: Request, body: dict[str, Any]) -> BootRequest:
    """What is asked for. Raises Invalid for what schemas cannot say, Forbidden by rules."""
    wanted = body["server"]
    devices = block_devices(wanted)
    least, most = _counts(wanted)
    _check_rules(req, wanted, with_devices=bool(devices))
    _check_destination(req, wanted)
    if "hostname" in wanted and most > 1:
        raise errors.Invalid("hostname cannot be set when more than one server is asked for.")
    name = wanted["name"].strip()
    certs = wanted.get("trusted_image_certificates")
    return BootRequest(
        name=name,
        flavor_id=_last_part(str(wanted["flavorRef"])),
        image_id=_image(wanted, with_devices=bool(devices)),
        networks=_networks(wanted),
        security_groups=_groups(wanted),
        key_name=wanted.get("key_name"),
        user_data=wanted.get("user_data"),
        config_drive=is_true(wanted["config_drive"]) if "config_drive" in wanted else None,
        metadata=wanted.get("metadata", {}),
        description=wanted.get("description") if at_least(req, "2.19") else name,
        hostname=wanted.get("hostname"),
        tags=tuple(dict.fromkeys(wanted.get("tags", ()))),
        min_count=least,
        max_count=most,
        availability_zone=_zone(wanted),
        host=wanted.get("host"),
        node=wanted.get("hypervisor_hostname"),
        block_devices=devices,
        hints=_hints(body),
        disk_config=wanted.get("OS-DCF:diskConfig"),
        **access_addresses.read(wanted),
        admin_password=_password(req, wanted),
        trusted_certs=tuple(certs) if certs else None,
        personality=tuple(wanted.get("personality", ())),
        may_use_external=may(req, rules.EXTERNAL_NETWORK),
        may_share_volumes=at_least(req, "2.60"),
    )


def _counts(wanted: dict[str, Any]) -> tuple[int, int]:
    least = int(wanted.get("min_count", 1))
    most = int(wanted.get("max_count", least))
    if least > most:
        raise errors.Invalid("min_count must be <= max_count")
    return least, most


def _check_rules(req: Request, wanted: dict[str, Any], *, with_devices: bool) -> None:
    if with_devices:
        enforce(req, rules.ATTACH_VOLUME)
    if wanted.get("networks") not in (None, [], "none", "auto"):
        enforce(req, rules.ATTACH_NETWORK)
    if wanted.get("trusted_image_certificates"):
        enforce(req, rules.TRUSTED_CERTS)


def _check_destination(req: Request, wanted: dict[str, Any]) -> None:
    """Who names a host, and not in two ways."""
    zone = wanted.get("availability_zone") or ""
    if zone.count(":") > 2:
        raise errors.Invalid(
            f"Unable to parse availability_zone {zone}: at most zone:host:node is understood."
        )
    by_zone = any(zone.split(":")[1:])
    if by_zone:
        enforce(req, rules.FORCED_HOST)
    if "host" in wanted or "hypervisor_hostname" in wanted:
        enforce(req, rules.REQUESTED_DESTINATION)
        if by_zone:
            raise errors.Invalid("Only one of destination host and zone:host can be used.")


def _zone(wanted: dict[str, Any]) -> str | None:
    zone: str = wanted.get("availability_zone") or ""
    return zone.strip() or None


def _last_part(reference: str) -> str:
    """A reference may be the address of the thing."""
    return reference.rstrip("/").rsplit("/", 1)[-1]


def _image(wanted: dict[str, Any], *, with_devices: bool) -> str | None:
    image_id: str | None = wanted.get("imageRef") or None
    if image_id is None and not with_devices:
        raise errors.Invalid("Missing imageRef attribute")
    return image_id


def _networks(wanted: dict[str, Any]) -> tuple[NetworkRequest, ...] | str:
    asked = wanted.get("networks")
    if isinstance(asked, str):
        return asked
    if not asked:
        return "any"
    found = tuple(_network(one) for one in asked)
    ports = [one.port_id for one in found if one.port_id]
    if len(set(ports)) < len(ports):
        raise errors.Invalid("A port can be used only once.")
    return found


def _network(asked: dict[str, Any]) -> NetworkRequest:
    port_id, network_id, address = asked.get("port"), asked.get("uuid"), asked.get("fixed_ip")
    if port_id and address:
        raise errors.Invalid(
            f"Specified Fixed IP '{address}' cannot be used with port '{port_id}': the two "
            "cannot be specified together."
        )
    if not port_id and not ids.is_id(network_id):
        raise errors.Invalid(
            f"Bad networks format: network uuid is not in proper format ({network_id})"
        )
    return NetworkRequest(
        network_id=None if port_id else network_id,
        port_id=port_id,
        fixed_ip=address,
        tag=asked.get("tag"),
    )


def _groups(wanted: dict[str, Any]) -> tuple[str, ...]:
    names = [one["name"] for one in wanted.get("security_groups", ()) if one.get("name")]
    return tuple(dict.fromkeys(names)) or ("default",)


def _hints(body: dict[str, Any]) -> dict[str, Any]:
    for key in _HINTS:
        if key in body:
            hints: dict[str, Any] = body[key]
            return hints
    return {}


def _password(req: Request, wanted: dict[str, Any]) -> str:
    given: str | None = wanted.get("adminPass")
    return given or ids.new_password(req.cloud.conf.password_length)


def check_flavor(req: Request, request: BootRequest) -> None:
    """An image on a flavor without a root disk would fill the host: a rule says who may."""
    if may(req, rules.ZERO_DISK) or not request.image_id or request.block_devices:
        return
    with req.cloud.cells.api.read() as connection:
        flavor = flavors.get(connection, request.flavor_id, req.context.project_id)
    if flavor and flavor.root_gib == 0:
        raise errors.Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")
