# SPDX-License-Identifier: Apache-2.0
"""Our own words about a guest inside its definition; by them we know which guests are ours."""

from __future__ import annotations

from lxml import etree

from nova_appliance.domain.guest import Guest
from nova_appliance.virt.libvirt.xml.element import Element, clean, element

NAMESPACE = "urn:nova-appliance:server:1"
PREFIX = "appliance"


def metadata(guest: Guest) -> Element:
    """<metadata> with the server's names and owners."""
    server = etree.Element(f"{{{NAMESPACE}}}server", nsmap={PREFIX: NAMESPACE})
    for tag, value in (
        ("id", guest.server_id),
        ("name", guest.display_name),
        ("project", guest.project_id),
        ("user", guest.user_id),
        ("flavor", guest.flavor_name),
    ):
        etree.SubElement(server, f"{{{NAMESPACE}}}{tag}").text = clean(value)
    return element("metadata", server)
