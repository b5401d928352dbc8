# SPDX-License-Identifier: Apache-2.0
"""What `up` leaves for the user: clouds.yaml, openrc, and the last page on the screen."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.settings import Settings

CLOUD = "nova-appliance"
# Cloud in clouds.yaml > its user and project.
CLOUDS = {CLOUD: "admin", f"{CLOUD}-demo": "demo"}


def write(settings: Settings) -> None:
    """Write the files that clients read; only their owner may read them."""
    _place(clouds_yaml(settings), _clouds(settings))
    _place(settings.state_dir / "openrc", _openrc(settings))


def clouds_yaml(settings: Settings) -> Path:
    """Where clouds.yaml is."""
    return settings.state_dir / "clouds.yaml"


def exports(settings: Settings) -> dict[str, str]:
    """What `./appliance env` exports."""
    words = {"OS_CLIENT_CONFIG_FILE": str(clouds_yaml(settings)), "OS_CLOUD": CLOUD}
    if key := ec2_key(settings):
        words |= {
            "EC2_URL": f"{settings.ec2_url}/",
            "AWS_ENDPOINT_URL_EC2": f"{settings.ec2_url}/",
            "AWS_ACCESS_KEY_ID": key["access"],
            "AWS_SECRET_ACCESS_KEY": key["secret"],
            "AWS_DEFAULT_REGION": settings.region,
        }
    return words


def ec2_key(settings: Settings) -> dict[str, str]:
    """The administrator's EC2 credential, {access, secret}; empty before there is one."""
    try:
        found: dict[str, str] = json.loads(_ec2_file(settings).read_text())
    except FileNotFoundError:
        return {}
    return found


def keep_ec2_key(settings: Settings, access: str, secret: str) -> None:
    """Keep the credential where only its owner may read it."""
    _place(_ec2_file(settings), json.dumps({"access": access, "secret": secret}))


def _ec2_file(settings: Settings) -> Path:
    return settings.state_dir / "ec2.json"


def credentials(settings: Settings, user: str) -> dict[str, str]:
    """What a client needs to ask for a token as this user."""
    secrets = settings_.secrets(settings)
    return {
        "auth_url": settings.identity_url,
        "username": user,
        "password": secrets.admin_password if user == "admin" else secrets.demo_password,
        "project_name": user,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }


def endpoints(settings: Settings) -> dict[str, tuple[str, int]]:
    """Service > its address and port, of those in the catalog."""
    known = {
        "identity": (settings.identity_url, settings.identity_port),
        "image": (settings.image_url, settings.image_port),
        "network": (settings.network_url, settings.network_port),
        "volumev3": (settings.volume_url.rpartition("/")[0], settings.volume_port),
        "compute": (settings.compute_url, settings.compute_port),
        "ec2": (f"{settings.ec2_url}/", settings.ec2_port),
    }
    return {name: known[name] for name in settings.catalog if name in known}


def page(settings: Settings, address: str | None, console: str = "") -> str:
    """The last page: endpoints, files, the server, its console, and what to try next."""
    urls = "\n".join(f"  {name:<9} {url}" for name, (url, _) in endpoints(settings).items())
    key = settings.state_dir / "key"
    network = f"  server first  {address}   (key: {key})\n" if address else ""
    network += f"  console   {console}\n" if console else ""
    return (
        f"The cloud is up.\n{urls}\n"
        f"  files     {clouds_yaml(settings)}, {settings.state_dir / 'openrc'}\n{network}\n"
        "Try next:\n"
        '  eval "$(./appliance env)"; PATH=$PWD/.venv/bin:$PATH\n'
        "  openstack server list --long\n"
        "  openstack server create --image tiny --flavor m1.tiny --network private"
        " --key-name appliance --wait second\n"
        "  openstack console log show second\n" + _ec2_page(settings)
    )


EC2_WORDS = r"""
printf '#!/bin/sh\necho hello from user data\n' > u.sh
I=$(aws ec2 describe-images --query 'Images[0].ImageId' --output text)
S=$(aws --endpoint-url $EC2_URL ec2 run-instances --image-id $I --instance-type m1.tiny \
  --key-name appliance --user-data file://u.sh --query 'Instances[0].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids $S; aws ec2 describe-instances
aws ec2 get-console-output --instance-id $S --output text
aws ec2 terminate-instances --instance-ids $S
"""
"""What a user of EC2's tools may type, in a shell that has `exports`."""


def _ec2_page(settings: Settings) -> str:
    """Keys and commands for EC2's tools; nothing before there is a key."""
    if not ec2_key(settings):
        return ""
    told = {name: text for name, text in exports(settings).items() if not name.startswith("OS_")}
    lines = [f"  export {name}={shlex.quote(text)}" for name, text in told.items()]
    lines += [f"  {words}" for words in EC2_WORDS.strip().splitlines()]
    return "The same with EC2's tools (pip install awscli):\n" + "\n".join(lines) + "\n"


def _clouds(settings: Settings) -> str:
    """YAML by hand: each value as a JSON string is a YAML string too."""
    lines = ["clouds:"]
    for cloud, user in CLOUDS.items():
        lines += [f"  {cloud}:", f'    region_name: "{settings.region}"', "    auth:"]
        lines += [f'      {key}: "{text}"' for key, text in credentials(settings, user).items()]
        lines += ['    identity_api_version: "3"']
    return "\n".join(lines) + "\n"


def _openrc(settings: Settings) -> str:
    values = {f"OS_{key.upper()}": text for key, text in credentials(settings, "admin").items()}
    values |= {"OS_REGION_NAME": settings.region, "OS_IDENTITY_API_VERSION": "3"}
    return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in values.items())


def _place(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
