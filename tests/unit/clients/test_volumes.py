# SPDX-License-Identifier: Apache-2.0
"""What attachments of Cinder say, as its NFS driver was seen to answer (Debian 12, microversion 3.60)."""

from nova_appliance.clients.volumes import connection_of

FLAT = {
    "export": "lab:/srv/volumes",
    "name": "volume-1",
    "options": None,
    "format": "raw",
    "access_mode": "rw",
    "encrypted": False,
}
SAID = FLAT | {"driver_volume_type": "nfs", "attachment_id": "a1"}


def test_one_that_is_reserved_leads_nowhere_though_its_format_is_told():
    for said in ({}, None, {"format": "raw"}):
        assert connection_of({"status": "reserved", "connection_info": said}) == {}


def test_one_that_is_connected_has_its_way():
    assert connection_of({"status": "attaching", "connection_info": SAID}) == {
        "driver_volume_type": "nfs",
        "data": FLAT,
    }
