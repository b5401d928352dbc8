# SPDX-License-Identifier: Apache-2.0
"""Guests made by EC2's clients, without config drive: key and user data come from the metadata."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import ec2_cloud
from fixtures.ec2_clients import CLIENTS, public_half
from fixtures.guest_cloud import BOOT_S

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded import firstboot, guide

pytestmark = pytest.mark.timeout(500)

SCRIPT = """#!/bin/sh
tell() { echo "metadata $1=[$(wget -q -O - http://169.254.169.254/$2)]"; }
tell id latest/meta-data/instance-id
tell type 2009-04-04/meta-data/instance-type
tell ip latest/meta-data/local-ipv4
tell keys 2008-02-01/meta-data/public-keys/
tell key latest/meta-data/public-keys/0/openssh-key
echo "allowed key=[$(cat /root/.ssh/authorized_keys)]"
echo "metadata end"
"""


@pytest.fixture(scope="module")
def keys(cloud):
    return ec2_cloud.keys(cloud.whole, "admin")


@pytest.fixture(scope="module")
def guests(cloud, keys, tmp_path_factory):
    """Client > (its hands, EC2 id, private key), all booting at the same time."""
    ec2 = keys.client()
    images = ec2.describe_images(Filters=[{"Name": "name", "Values": [firstboot.IMAGE]}])
    image = images["Images"][0]["ImageId"]
    made = {}
    for name, make in CLIENTS.items():
        client = make(keys, tmp_path_factory.mktemp(name))
        private = client.key()
        made[name] = (client, client.run(image, SCRIPT), private)
    yield made
    for client, ec2_id, _ in made.values():
        client.terminate(ec2_id)
    for client, ec2_id, _ in made.values():
        assert wait_for(lambda: client.state(ec2_id) == "terminated", 60, 0.5)  # noqa: B023


@pytest.mark.parametrize("name", CLIENTS)
def test_a_guest_reads_its_key_and_user_data_from_the_metadata(cloud, guests, name):
    client, ec2_id, private = guests[name]
    assert wait_for(lambda: client.state(ec2_id) == "running", BOOT_S, 0.5)
    ended = wait_for(lambda: "metadata end" in client.console(ec2_id), BOOT_S, 1)
    said = client.console(ec2_id)
    assert ended, (said[-1500:], cloud.log())
    told = dict(re.findall(r"(?:metadata|allowed) (\w+)=\[(.*?)\]", said.replace("\r", "")))
    public = public_half(private)
    assert told["id"] == ec2_id
    assert told["type"] == "m1.nano"
    assert told["ip"].startswith("10.20.")
    assert told["keys"].startswith("0=guests-")
    assert told["key"].startswith(public)
    with_drive = [one.has_config_drive for one in cloud.connect().compute.servers()
                  if one.name in {"ec2", "node"}]  # fmt: skip
    assert len(with_drive) == len(guests)
    assert not any(with_drive)


def test_a_guest_that_is_rebooted_does_not_run_its_user_data_again(guests):
    client, ec2_id, _ = guests["boto3"]
    boots = client.console(ec2_id).count(firstboot.READY)
    client.reboot(ec2_id)
    assert wait_for(lambda: client.console(ec2_id).count(firstboot.READY) > boots, BOOT_S, 1)
    assert client.console(ec2_id).count("metadata end") == 1


def test_the_commands_of_the_last_page_work_as_they_stand(cloud, guests, tmp_path):
    """What `./appliance up` prints, by a shell that has aws on its path."""
    settings = cloud.whole.settings
    page = guide.page(settings, None)
    script = page[page.index("  export EC2_URL") :]
    assert "run-instances" in script
    assert guide.ec2_key(settings)["secret"] in script
    bin_dir = str(Path(sys.executable).parent)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "OS_", "EC2_"))}
    environment = kept | {"PATH": f"{bin_dir}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-ex"], input=script, env=environment, cwd=tmp_path, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert '"shutting-down"' in done.stdout
