# SPDX-License-Identifier: Apache-2.0
"""[pci] and [devices]: what of hosts' devices guests may have, and how flavors name it."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "pci": (
        cfg.MultiStrOpt(
            "alias",
            default=[],
            help="JSON: name, vendor_id, product_id, device_type, numa_policy; for the control plane.",
        ),
        cfg.MultiStrOpt(
            "device_spec",
            default=[],
            help="JSON: vendor_id, product_id, address of devices for guests; for nova-compute.",
        ),
    ),
    "devices": (
        cfg.ListOpt(
            "enabled_mdev_types", default=[], help="Slices of GPUs for guests; for nova-compute."
        ),
    ),
}
