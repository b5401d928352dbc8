# SPDX-License-Identifier: Apache-2.0
"""cloud-init's own readers, unpacked from Debian's package, over our service and our drives."""

import contextlib
import json
import subprocess
import sys

import pytest

from nova_appliance.actions import guest_facts
from nova_appliance.clients.vendor_data import VendorData
from nova_appliance.cmd.http import HttpServer
from nova_appliance.domain import config_drive
from nova_appliance.embedded.guest import packages
from nova_appliance.virt.libvirt import config_drives

DEBS = (
    "cloud-init", "python3-configobj", "python3-jinja2", "python3-json-pointer",
    "python3-jsonpatch", "python3-markupsafe", "python3-oauthlib", "python3-six",
)  # fmt: skip
READ = """
import base64, json, sys
sys.path.append(sys.argv[1])
def plain(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
def tell(told):
    print(json.dumps(told, default=plain))
"""
DRIVE = """
from cloudinit.sources.DataSourceConfigDrive import read_config_drive
tell(read_config_drive(sys.argv[2]))
"""
OPENSTACK = """
from cloudinit.sources.helpers.openstack import MetadataReader
tell(MetadataReader(sys.argv[2], timeout=30, retries=0).read_v2())
"""
EC2 = """
from cloudinit.sources.helpers import ec2
where = dict(metadata_address=sys.argv[2], retries=0)
tell([ec2.get_instance_metadata(sys.argv[3], **where), ec2.get_instance_userdata(sys.argv[3], **where)])
"""


@pytest.fixture(scope="module")
def cloud_init(tmp_path_factory):
    """Runs a script with cloud-init at hand; nothing of it is installed on this machine."""
    home = packages.unpack(DEBS, tmp_path_factory.mktemp("cloud-init"))
    modules = home / "usr" / "lib" / "python3" / "dist-packages"

    def run(script, *words):
        argv = [sys.executable, "-c", READ + script, str(modules), *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def served(stage):
    """The URL of the service as the stage's server sees it."""
    signed = stage.headers()
    named = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in signed.items()}
    server = HttpServer(
        lambda environ, start: stage.web.app({**environ, **named}, start), "127.0.0.1", 0
    )
    with contextlib.ExitStack() as stop:
        server.start()
        stop.callback(server.stop)
        yield f"http://127.0.0.1:{server.port}"


def check(told, server):
    assert (told["version"], told["metadata"]["uuid"]) == (2, server.id)
    assert told["metadata"]["public_keys"] == {"k": "ssh-ed25519 AAAA"}
    assert told["metadata"]["local-hostname"] == f"{server.hostname}.novalocal"
    assert told["userdata"].startswith("IyEvYmluL3No")  # base64 of #!/bin/sh, as bytes
    assert {"links", "networks", "services"} <= told["networkdata"].keys()
    assert told["vendordata"] == {}


def test_the_service_is_read_as_openstack(stage, served, cloud_init):
    check(cloud_init(OPENSTACK, served), stage.server)


@pytest.mark.parametrize("version", ["2009-04-04", "latest"])
def test_the_service_is_read_as_ec2(stage, served, cloud_init, version):
    meta, user_data = cloud_init(EC2, served, version)
    assert meta["instance-id"].startswith("i-")
    assert meta["public-keys"] == {"k": "ssh-ed25519 AAAA"}
    assert meta["placement"] == {"availability-zone": "nova"}
    assert user_data.startswith("IyEvYmluL3No")


def unpack_iso(drive, folder):
    for name in subprocess.run(
        ["isoinfo", "-J", "-f", "-i", drive], check=True, capture_output=True, text=True
    ).stdout.split():
        target = folder / name.lstrip("/")
        content = subprocess.run(
            ["isoinfo", "-J", "-x", name, "-i", drive], check=True, capture_output=True
        ).stdout
        if target.suffix == ".json" or target.name in {"user_data", "user-data"}:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def unpack_vfat(drive, folder):
    subprocess.run(
        ["mcopy", "-s", "-i", drive, "::/ec2", "::/openstack", folder], check=True,
        capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "unpack"), [("iso9660", unpack_iso), ("vfat", unpack_vfat)])
def test_the_drive_is_read(stage, cloud_init, tmp_path, kind, unpack):
    facts = guest_facts.gather(stage.cloud, VendorData(stage.cloud.conf), stage.server)
    drive, folder = tmp_path / "drive", tmp_path / "files"
    folder.mkdir()
    config_drives.make(drive, config_drive.files(facts), kind)
    unpack(drive, folder)
    told = cloud_init(DRIVE, str(folder))
    check(told, stage.server)
    assert told["ec2-metadata"]["instance-id"].startswith("i-")
