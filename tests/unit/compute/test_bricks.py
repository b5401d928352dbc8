# SPDX-License-Identifier: Apache-2.0
"""Ways to real back ends, as far as a host without any can go; os-brick is the real one."""

import hashlib

import pytest

from nova_appliance.common import errors
from nova_appliance.compute import bricks
from nova_appliance.conf import load

SHARE = "nas.example.org:/export/volumes"
NFS = {
    "driver_volume_type": "nfs",
    "data": {"export": SHARE, "name": "volume-1", "format": "raw", "options": None},
}


@pytest.fixture
def conf(tmp_path):
    options = {
        "libvirt": {"nfs_mount_point_base": str(tmp_path)},
        "DEFAULT": {"my_ip": "192.0.2.7"},
    }
    return load.load(files=[], overrides=options)


@pytest.fixture
def hardened(monkeypatch, tmp_path):
    """nova-compute as its unit runs it: nobody special, and it cannot become more."""
    status = tmp_path / "status"
    status.write_text("Name:\tnova-compute\nNoNewPrivs:\t1\n")
    monkeypatch.setattr(bricks, "STATUS", status)
    monkeypatch.setattr(bricks.os, "geteuid", lambda: 992)


@pytest.mark.usefixtures("hardened")
def test_a_share_that_nobody_mounted_is_named(conf, tmp_path):
    place = tmp_path / hashlib.md5(SHARE.encode(), usedforsecurity=False).hexdigest()
    place.mkdir()
    with pytest.raises(errors.Unavailable, match=f"{SHARE} is not mounted at {place}"):
        bricks.connect(conf, NFS)


@pytest.mark.usefixtures("hardened")
@pytest.mark.parametrize("kind", ["iscsi", "fibre_channel", "nvmeof"])
def test_a_way_that_takes_roots_rights_is_refused_where_there_are_none(conf, kind):
    for deed in (bricks.connect, bricks.disconnect):
        with pytest.raises(errors.Refused, match=f"type {kind} need a nova-compute that may"):
            deed(conf, {"driver_volume_type": kind, "data": {}})


def test_an_unknown_way_is_refused(conf):
    with pytest.raises(errors.Refused, match="knows no way to volumes of type tape"):
        bricks.connect(conf, {"driver_volume_type": "tape", "data": {}})


def test_a_volume_is_a_file_of_its_mounted_share(conf, monkeypatch):
    """os-brick looks at /proc/mounts; what it mounts nothing for may be found there before."""
    monkeypatch.setattr(bricks.os, "geteuid", lambda: 0)
    hand = bricks._protocol(conf, NFS)
    place = hand._remotefsclient.get_mount_point(SHARE)
    monkeypatch.setattr(type(hand._remotefsclient), "_read_mounts", lambda _hand: {place: SHARE})
    assert bricks.connect(conf, NFS) == f"{place}/volume-1"
    bricks.disconnect(conf, NFS)


@pytest.mark.usefixtures("hardened")
def test_a_host_says_who_it_is(conf):
    told = bricks.connector(conf)
    assert (told["host"], told["ip"]) == (conf.host, "192.0.2.7")
    assert "initiator" not in told
