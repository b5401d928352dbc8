# SPDX-License-Identifier: Apache-2.0
"""Puts an image, flavors, networks, a key and a first server into a fresh cloud.

Everything but the networks goes through the cloud's own HTTP APIs, as any user's wish would.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openstack

from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Unavailable
from nova_appliance.common.run import run
from nova_appliance.embedded import guide
from nova_appliance.embedded.networks import seed as networks_seed
from nova_appliance.embedded.settings import Settings

IMAGE, FIRST, KEY = "tiny", "first", "appliance"
READY = "nova-appliance guest ready"
BUILD_S, BOOT_S = 120, 150
OK = 200

# Flavor > id, vCPUs, memory in MiB, disk in GiB.
FLAVORS = {
    "m1.nano": ("1", 1, 128, 1),
    "m1.tiny": ("2", 1, 192, 1),
    "m1.small": ("3", 1, 512, 5),
    "m1.medium": ("4", 2, 1024, 10),
    "m1.large": ("5", 2, 2048, 20),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """The first server as it was found or made."""

    server_id: str
    status: str
    address: str | None
    made_now: bool


def connect(settings: Settings) -> Any:
    """A client of the cloud as its administrator."""
    wanted: dict[str, Any] = {"load_yaml_config": False, "load_envvars": False}
    wanted |= {"region_name": settings.region, **guide.credentials(settings, "admin")}
    return openstack.connect(**wanted)


def furnish(cloud: Any, settings: Settings, image: Path) -> None:
    """Networks, flavors, the key pair and the image; what is there already stays as it is."""
    networks_seed.seed(settings, cloud.current_project_id)
    _ec2_key(cloud, settings)
    known = {flavor.name for flavor in cloud.compute.flavors(details=False)}
    for name, (flavor_id, vcpus, memory_mib, disk_gib) in FLAVORS.items():
        if name not in known:
            cloud.compute.create_flavor(
                name=name, id=flavor_id, vcpus=vcpus, ram=memory_mib, disk=disk_gib
            )
    if cloud.compute.find_keypair(KEY) is None:
        cloud.compute.create_keypair(name=KEY, public_key=_public_key(settings.state_dir / "key"))
    if cloud.image.find_image(IMAGE) is None:
        cloud.image.create_image(
            IMAGE,
            filename=str(image),
            disk_format="qcow2",
            container_format="bare",
            visibility="public",
            allow_duplicates=True,
        )


def first_server(cloud: Any, settings: Settings) -> Seen | None:
    """The first server, made once in the life of this cloud; None when the user deleted it.

    One of ours that failed is made again: whatever stood in its way may be mended now.
    """
    mark = settings.state_dir / "first-server"
    ours = mark.read_text().strip() if mark.exists() else None
    found = cloud.compute.find_server(FIRST)
    if found is None and ours:
        return None
    if found and found.id == ours and cloud.compute.get_server(ours).status == "ERROR":
        cloud.compute.delete_server(ours)
        cloud.compute.wait_for_delete(found, interval=1, wait=BUILD_S)
        found = None
    made_now = found is None
    found = found or _create(cloud)
    mark.write_text(found.id + "\n")
    return _seen(cloud.compute.get_server(found.id), made_now=made_now)


def wait_active(cloud: Any, seen: Seen) -> Seen:
    """Wait until the server runs; raises Unavailable with its fault when it never will."""
    found: list[Any] = []

    def settled() -> bool:
        found[:] = [cloud.compute.get_server(seen.server_id)]
        return found[0].status in {"ACTIVE", "ERROR"}

    wait_for(settled, BUILD_S, every_s=0.3)
    server = found[0]
    if server.status != "ACTIVE":
        fault = (server.fault or {}).get("message", "no fault was reported")
        raise Unavailable(f"The server {FIRST} is {server.status}: {fault}")
    return _seen(server, made_now=seen.made_now)


def wait_ready(cloud: Any, seen: Seen, watch: Callable[[str], object]) -> str:
    """Wait until the guest says on its serial console that it is ready; returns that line."""
    lines: list[str] = []

    def is_ready() -> bool:
        log = cloud.compute.get_server_console_output(seen.server_id)["output"] or ""
        lines[:] = [line.strip() for line in log.splitlines()]
        return any(READY in line for line in lines)

    if not wait_for(is_ready, BOOT_S, every_s=0.5):
        watch("\n".join(lines[-15:]))
        raise Unavailable(f"The guest of {FIRST} did not get ready within {BOOT_S} s")
    return next(line for line in reversed(lines) if READY in line)


def _create(cloud: Any) -> Any:
    return cloud.compute.create_server(
        name=FIRST,
        image_id=cloud.image.find_image(IMAGE).id,
        flavor_id=cloud.compute.find_flavor("m1.tiny").id,
        networks=[{"uuid": cloud.network.find_network("private").id}],
        key_name=KEY,
        config_drive=True,
    )


def _seen(server: Any, *, made_now: bool) -> Seen:
    nets = (server.addresses or {}).values()
    addresses = [row["addr"] for rows in nets for row in rows if row["version"] == 4]
    return Seen(server.id, server.status, addresses[0] if addresses else None, made_now)


def console_url(cloud: Any, seen: Seen) -> str:
    """A link to the server's screen, good for some minutes; empty when it has none now."""
    body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    path = f"/servers/{seen.server_id}/remote-consoles"
    answer = cloud.compute.post(path, json=body, microversion="2.6")
    return str(answer.json()["remote_console"]["url"]) if answer.status_code == OK else ""


def _ec2_key(cloud: Any, settings: Settings) -> None:
    """An EC2 credential of the administrator, the same at each start while it is valid."""
    path = f"/users/{cloud.current_user_id}/credentials/OS-EC2"
    known = cloud.identity.get(path).json()["credentials"]
    kept = guide.ec2_key(settings).get("access")
    if kept is None or kept not in {key["access"] for key in known}:
        body = {"tenant_id": cloud.current_project_id}
        made = cloud.identity.post(path, json=body).json()["credential"]
        guide.keep_ec2_key(settings, made["access"], made["secret"])


def _public_key(path: Path) -> str:
    if not path.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "appliance", "-f", str(path)])
    return path.with_suffix(".pub").read_text().strip()
