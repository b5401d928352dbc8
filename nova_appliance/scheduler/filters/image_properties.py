# SPDX-License-Identifier: Apache-2.0
"""ImagePropertiesFilter: architecture, hypervisor and mode of the image must be there."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene
from nova_appliance.scheduler.versions import fits

ALIASES = {"amd64": "x86_64", "x86-64": "x86_64", "i386": "i686", "arm64": "aarch64"}
HYPERVISORS = {"qemu": ("qemu", "kvm"), "kvm": ("qemu", "kvm"), "hyperv": ("hyperv",)}
"""Type that a host reports > names under which images may ask for it."""
MODES = {"xen": ("xen", "hvm"), "lxc": ("exe",), "uml": ("uml",)}


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that cannot run what the image was made for."""
    asked = scene.once(_all_asked)
    if not any(asked.values()):
        return None
    inventory = scene.inventory(host)
    kind = inventory.hypervisor_type.lower()
    architecture = ALIASES.get(asked["architecture"], asked["architecture"])
    if architecture and architecture not in inventory.architectures:
        return f"architecture {architecture} is not supported"
    if asked["type"] and asked["type"] not in HYPERVISORS.get(kind, (kind,)):
        return f"hypervisor is {kind}, not {asked['type']}"
    if asked["mode"] and asked["mode"] not in MODES.get(kind, ("hvm",)):
        return f"mode {asked['mode']} is not supported"
    if asked["version"] and not fits(inventory.hypervisor_version, asked["version"]):
        return f"hypervisor version is not {asked['version']}"
    return None


KEYS = {
    "architecture": ("hw_architecture", "architecture"),
    "type": ("img_hv_type", "hypervisor_type"),
    "mode": ("hw_vm_mode", "vm_mode"),
    "version": ("img_hv_requested_version", "hypervisor_version_requires"),
}


def _all_asked(scene: Scene) -> dict[str, str]:
    return {name: _asked(scene, *keys) for name, keys in KEYS.items()}


def _asked(scene: Scene, *keys: str) -> str:
    return next((scene.properties[key].lower() for key in keys if key in scene.properties), "")
