# SPDX-License-Identifier: Apache-2.0
"""The definition of a guest as it must be on the host to which it goes."""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from nova_appliance.domain.passport import Welcome
from nova_appliance.virt.libvirt.xml import console
from nova_appliance.virt.libvirt.xml.element import Element

_FILES = (
    ("devices/disk/source", "file"),
    ("devices/serial/log", "file"),
    ("devices/console/log", "file"),
)


def moved(text: str, welcome: Welcome, folder: str) -> str:
    """The same guest with files, consoles and ports as the target has them."""
    root = _parse(text)
    for path, name in _FILES:
        for found in root.iterfind(path):
            file = found.get(name, "")
            if welcome.folder and file.startswith(f"{folder}/"):
                found.set(name, welcome.folder + file[len(folder) :])
    for disk in root.iterfind("devices/disk"):
        _move_volume(disk, welcome.volumes.get(disk.findtext("serial") or "", ""))
        for layer in disk.findall("backingStore"):
            disk.remove(layer)  # the target looks by itself over what its files lie
    for screen in root.iterfind("devices/graphics"):
        kind = screen.get("type", "")
        _listen(screen, welcome.listen.get(kind, ""))
        if kind == "spice":
            console.want_tls(screen, wanted=_wants_tls(welcome, kind))
    for path in ("devices/serial/source[@service]", "devices/console/source[@service]"):
        for source in root.iterfind(path):
            source.set("host", welcome.listen.get("serial", source.get("host", "")))
            source.set("service", str(welcome.serial_port))
            console.want_tls(source, wanted=_wants_tls(welcome, "serial"))
    return str(etree.tostring(root, encoding="unicode"))


def cpu_of(text: str) -> str:
    """The processor that the guest sees; empty when the hypervisor chose it."""
    found = _parse(text).find("cpu")
    return "" if found is None else str(etree.tostring(found, encoding="unicode"))


def volumes_of(text: str, volume_ids: Collection[str]) -> dict[str, str]:
    """Volume > its path, of those that are files or block devices."""
    found = {}
    for disk in _parse(text).iterfind("devices/disk"):
        serial, source = disk.findtext("serial"), disk.find("source")
        path = "" if source is None else source.get("file") or source.get("dev") or ""
        if serial in volume_ids and path:
            found[str(serial)] = path
    return found


def disks_to_copy(text: str, but: Collection[str] = ()) -> list[str]:
    """Names of the disks that are files and that the guest may write to; `but` are volumes."""
    disks = _parse(text).iterfind("devices/disk[@type='file'][@device='disk']")
    own = [disk for disk in disks if disk.findtext("serial") not in but]
    targets = [disk.find("target") for disk in own if disk.find("readonly") is None]
    return [target.get("dev", "") for target in targets if target is not None]


def _move_volume(disk: Element, path: str) -> None:
    source = disk.find("source")
    if source is not None and path:
        source.set("file" if disk.get("type") == "file" else "dev", path)


def _wants_tls(welcome: Welcome, kind: str) -> bool:
    """Whether a console is to speak nothing but TLS at the target."""
    return f"{kind}+tls" in welcome.listen


def _listen(screen: Element, address: str) -> None:
    if address:
        if screen.get("listen") is not None:
            screen.set("listen", address)
        for listen in screen.iterfind("listen[@address]"):
            listen.set("address", address)


def _parse(text: str) -> Element:
    return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
