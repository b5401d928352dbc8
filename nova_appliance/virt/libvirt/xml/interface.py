# SPDX-License-Identifier: Apache-2.0
"""<interface>: a port of the network service, plugged into the guest."""

from __future__ import annotations

from nova_appliance.common.errors import Refused
from nova_appliance.domain.guest import Vif
from nova_appliance.virt.libvirt.xml.element import Element, element
from nova_appliance.virt.libvirt.xml.limits import bandwidth

MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3")


def interface(vif: Vif, queues: int = 0) -> Element | None:
    """<interface> for a bound port, a virtio one with so many queues; None if it is not plugged."""
    if vif.kind == "none":
        return None
    if vif.kind not in ("bridge", "ovs") or not vif.bridge:
        raise Refused(
            f"Port {vif.port_id} is bound as {vif.kind!r}; this driver plugs into bridges and"
            " Open vSwitch."
        )
    if vif.model not in MODELS:
        raise Refused(f"There is no network card {vif.model!r}; choose {', '.join(MODELS)}.")
    return element(
        "interface",
        element("mac", address=vif.mac),
        element("source", bridge=vif.bridge),
        _port_of_switch(vif) if vif.kind == "ovs" else None,
        element("target", dev=vif.device),
        element("model", type=vif.model),
        element("driver", queues=queues) if queues and vif.model == "virtio" else None,
        bandwidth(vif.limits),
        element("mtu", size=vif.mtu) if vif.mtu else None,
        type="bridge",
    )


def _port_of_switch(vif: Vif) -> Element:
    """How libvirt tells Open vSwitch which port of Neutron the tap is (external-ids:iface-id)."""
    return element(
        "virtualport", element("parameters", interfaceid=vif.port_id), type="openvswitch"
    )
