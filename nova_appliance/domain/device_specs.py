# SPDX-License-Identifier: Apache-2.0
"""Which devices of a host are for guests: [pci]device_spec and [devices]enabled_mdev_types. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import msgspec

from nova_appliance.domain.pci import VGPU, BadRequest, PciDevice

ANY = "*"


class DeviceSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [pci]device_spec; `address` may have * in it."""

    vendor_id: str = ANY
    product_id: str = ANY
    address: str = ANY

    def offers(self, device: PciDevice) -> bool:
        """Whether it names this device."""
        return (
            self.vendor_id in (ANY, device.vendor_id)
            and self.product_id in (ANY, device.product_id)
            and fnmatch.fnmatchcase(device.address, self.address)
        )


def specs_of(texts: Sequence[str]) -> tuple[DeviceSpec, ...]:
    """From the option's values. Raises BadRequest."""
    found = []
    for text in texts:
        try:
            found.append(msgspec.json.decode(text, type=DeviceSpec))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise BadRequest(f"[pci]device_spec {text!r} is no such spec: {error}") from error
    return tuple(found)


def offered(
    seen: Sequence[PciDevice], specs: Sequence[DeviceSpec], mdev_types: Sequence[str]
) -> tuple[PciDevice, ...]:
    """Those that guests may have."""
    return tuple(
        device
        for device in seen
        if (device.mdev_type in mdev_types if device.kind == VGPU else _named(device, specs))
    )


def _named(device: PciDevice, specs: Sequence[DeviceSpec]) -> bool:
    return any(spec.offers(device) for spec in specs)
