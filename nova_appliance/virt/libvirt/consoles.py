# SPDX-License-Identifier: Apache-2.0
"""What guests said on their serial consoles (virtlogd's log), and where their consoles are."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Mapping
from pathlib import Path

import libvirt
from lxml import etree

from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.virt.driver import NoSuchConsole, NotRunning
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.folders import CONSOLE_LOG, Folders
from nova_appliance.virt.settings import VirtSettings

PORTS = {
    "vnc": ("devices/graphics[@type='vnc']", "port"),
    "spice": ("devices/graphics[@type='spice']", "port"),
    "serial": ("devices/serial[@type='tcp']/source[@mode='bind']", "service"),
}
"""Device > where the definition of a running guest says its port."""
NO_SCREEN = (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_OPERATION_UNSUPPORTED)


@dataclasses.dataclass(frozen=True)
class LibvirtConsoles:
    """See virt.driver.Consoles."""

    connection: Connection
    folders: Folders
    hosts: Mapping[str, str]
    """Device > address at which proxies reach this host."""

    def output(self, server_id: str, max_bytes: int) -> bytes:
        """See virt.driver.Consoles."""
        self.connection.call(lambda lent: domains.get(lent, server_id))
        log = self.folders.server(server_id) / CONSOLE_LOG
        said = read_end(log, max_bytes)
        if len(said) < max_bytes:  # the log was turned over not long ago
            older = log.with_name(log.name + ".0")
            said = read_end(older, max_bytes - len(said)) + said
        return said

    def screenshot(self, server_id: str) -> bytes:
        """See virt.driver.Consoles."""
        return self.connection.call(lambda lent: _screen(lent, server_id))

    def address(self, server_id: str, device: str) -> ConsoleAddress:
        """See virt.driver.Consoles."""
        if device not in PORTS:
            raise NoSuchConsole(server_id, device)
        text = self.connection.call(lambda lent: _live_xml(lent, server_id))
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        path, attribute = PORTS[device]
        found = root.find(path)
        if found is None:
            raise NoSuchConsole(server_id, device)
        port, tls_port = _port(found, attribute), _port(found, "tlsPort")
        if found.get("tls") == "yes":
            port, tls_port = 0, port
        return ConsoleAddress(host=self.hosts[device], port=port, tls_port=tls_port or None)


def console_hosts(settings: VirtSettings) -> dict[str, str]:
    """Device > address for proxies."""
    return {
        "vnc": settings.vnc_address,
        "spice": settings.spice_address,
        "serial": settings.serial_address,
    }


def _port(found: etree._Element, attribute: str) -> int:
    """0 for none."""
    return max(0, int(found.get(attribute, "0")))


def _live_xml(lent: libvirt.virConnect, server_id: str) -> str:
    domain = domains.get(lent, server_id)
    if not domain.isActive():
        raise NotRunning(server_id)
    return str(domain.XMLDesc())


def _screen(lent: libvirt.virConnect, server_id: str) -> bytes:
    """The first screen. Raises NotRunning, NoSuchConsole."""
    domain = domains.get(lent, server_id)
    if not domain.isActive():
        raise NotRunning(server_id)
    stream, picture = lent.newStream(), io.BytesIO()
    try:
        domain.screenshot(stream, 0)
        stream.recvAll(lambda _stream, part, _opaque: picture.write(part), None)
        stream.finish()
    except libvirt.libvirtError as error:
        if error.get_error_code() in NO_SCREEN:
            raise NoSuchConsole(server_id, "screen") from error
        raise
    return picture.getvalue()


def read_end(file: Path, max_bytes: int) -> bytes:
    """The last bytes of a file; nothing when it is not there."""
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - max(0, max_bytes)))
            return opened.read(max(0, max_bytes))
    except FileNotFoundError:
        return b""
