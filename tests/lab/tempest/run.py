# SPDX-License-Identifier: Apache-2.0
"""`./appliance lab tempest [REGEX]`: tempest's Compute API tests against a lab that is up."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from fixtures.lab_cloud import CACHE, LabCloud  # noqa: E402 - its folder is on the path now

from nova_appliance.embedded import guest  # noqa: E402

TESTS = r"^tempest\.api\.compute\."
NAME = "labtest-tempest"


def main(tempest, regex=TESTS):
    """Prepare, run one test after the other, and print what failed and why; tempest's exit code."""
    folder = Path(tempfile.mkdtemp(prefix="tempest-"))
    with contextlib.ExitStack() as stack:
        cloud = LabCloud(stack, folder)
        settings = _furnish(cloud, stack) | {"folder": folder}
        # Else it is kept in the user's home, and refuses a second one of that name.
        known = folder / "workspaces.yaml"
        subprocess.run([tempest, "init", "--workspace-path", known, folder / "work"], check=True)
        text = (HERE / "tempest.ini").read_text().format(**settings)
        conf = folder / "work" / "etc" / "tempest.conf"
        conf.touch(mode=0o600)
        conf.write_text(text)
        print(f"configuration and log: {folder}", flush=True)
        run = [tempest, "run", "--regex", regex, "--concurrency", "1", "--config-file", conf]
        # Pages of consoles are opened by a client that reads no configuration.
        trusting = os.environ | ({"SSL_CERT_FILE": cloud.root_file} if cloud.lab.tls else {})
        done = subprocess.run(run, cwd=folder / "work", env=trusting, check=False)
    return done.returncode


def _furnish(cloud, stack):
    """Two images, two flavors, a network, a pool of subnets; what tempest must know of them."""
    auth = cloud.api.config.get_auth_args()
    file = str(guest.cached(CACHE))
    images, flavors = [], []
    for name in (NAME, f"{NAME}-alt"):
        image = cloud.api.image.create_image(
            name, filename=file, disk_format="qcow2", container_format="bare", visibility="public",
            wait=True, hw_rng_model="virtio",
        )  # fmt: skip
        stack.callback(cloud.api.image.delete_image, image)
        images.append(image)
    for ram in (128, 160):
        flavor = cloud.api.compute.find_flavor(f"{NAME}-{ram}")  # a run may have been killed
        if flavor is None:
            flavor = cloud.api.compute.create_flavor(name=f"{NAME}-{ram}", vcpus=1, ram=ram, disk=1)
        stack.callback(cloud.api.compute.delete_flavor, flavor)
        flavors.append(flavor)
    cloud.api.network.update_network(cloud.outside_network(), is_default=True)
    pool = cloud.api.network.find_subnet_pool(NAME) or cloud.api.network.create_subnet_pool(
        name=NAME, prefixes=["10.101.0.0/16"], default_prefix_length=26, is_default=True,
        is_shared=True,
    )  # fmt: skip
    stack.callback(cloud.api.network.delete_subnet_pool, pool)
    net = cloud.api.network.find_network(NAME) or cloud.api.network.create_network(name=NAME)
    stack.callback(cloud.api.network.delete_network, net)
    services = {service.type for service in cloud.api.identity.services()}
    return {
        "auth_url": auth["auth_url"],
        "plain": not cloud.lab.tls,
        "trust": cloud.root_file if cloud.lab.tls else "",
        "password": auth["password"],
        "region": cloud.api.config.get_region_name(),
        "image": images[0].id,
        "image_alt": images[1].id,
        "flavor": flavors[0].id,
        "flavor_alt": flavors[1].id,
        "computes": len(cloud.hosts("compute")),
        "public": cloud.outside_network().id,
        "volumes": "volumev3" in services,
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
