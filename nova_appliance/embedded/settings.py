# SPDX-License-Identifier: Apache-2.0
"""What the miniature services need to know: where they listen, where they keep state, their secrets."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from nova_appliance.common import ids

SERVICE_USERS = ("nova", "glance", "neutron", "cinder")
IMAGE_LIMIT_BYTES = 64 * 1024**3
WITHOUT_VOLUMES = ("identity", "image", "network", "compute", "ec2")
"""What a release before volumes wrote into its settings."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """One embedded cloud; `host` is listened on, `public_host` is what the catalog tells clients."""

    state_dir: Path
    host: str = "127.0.0.1"
    public_host: str = ""
    region: str = "RegionOne"
    identity_port: int = 5000
    image_port: int = 9292
    network_port: int = 9696
    compute_port: int = 8774
    metadata_port: int = 8775
    ec2_port: int = 8773
    volume_port: int = 8776
    novnc_port: int = 6080
    xvpvnc_port: int = 6081
    spice_port: int = 6082
    serial_port: int = 6083
    network_external_cidr: str = "172.24.4.0/24"
    network_plane: str = "none"  # "linux" makes bridges, namespaces and filters on this machine
    network_nat: bool = True  # lets guests out through this machine's own address
    catalog: tuple[str, ...] = (
        "identity",
        "image",
        "network",
        "volumev3",
        "block-storage",
        "compute",
        "ec2",
    )
    token_life_s: int = 3600
    image_limit_bytes: int = IMAGE_LIMIT_BYTES
    compute_driver: str = "libvirt"

    @property
    def identity_url(self) -> str:
        """Where Keystone's dialect is spoken."""
        return self._url(self.identity_port) + "/v3"

    @property
    def image_url(self) -> str:
        """Where Glance's dialect is spoken (clients add /v2)."""
        return self._url(self.image_port)

    @property
    def network_url(self) -> str:
        """Where Neutron's dialect is spoken (clients add /v2.0)."""
        return self._url(self.network_port)

    @property
    def compute_url(self) -> str:
        """Where our own Compute API answers."""
        return self._url(self.compute_port) + "/v2.1"

    @property
    def metadata_url(self) -> str:
        """Where the metadata service answers."""
        return self._url(self.metadata_port)

    @property
    def ec2_url(self) -> str:
        """Where our own EC2 API answers."""
        return self._url(self.ec2_port)

    @property
    def volume_url(self) -> str:
        """Where Cinder's dialect is spoken; the catalog fills in the project."""
        return self._url(self.volume_port) + "/v3/%(project_id)s"

    def _url(self, port: int) -> str:
        return f"http://{self.public_host or self.host}:{port}"


@dataclasses.dataclass(frozen=True)
class Secrets:
    """Made once per embedded cloud and kept in a file only its owner can read."""

    admin_password: str
    demo_password: str
    service_passwords: dict[str, str]
    token_key: str
    credential_key: str


def load(state_dir: Path) -> Settings:
    """The settings kept in `state_dir`, or the defaults when none were saved."""
    try:
        kept = json.loads((state_dir / "settings.json").read_text())
    except FileNotFoundError:
        return Settings(state_dir)
    known = {field.name for field in dataclasses.fields(Settings)}
    kept = {name: value for name, value in kept.items() if name in known}
    kept["catalog"] = tuple(kept.get("catalog", Settings.catalog))
    if kept["catalog"] == WITHOUT_VOLUMES:
        kept["catalog"] = Settings.catalog
    return Settings(**(kept | {"state_dir": state_dir}))


def save(settings: Settings) -> None:
    """Keep the settings for the next start."""
    kept = dataclasses.asdict(settings)
    del kept["state_dir"]
    _replace(settings.state_dir / "settings.json", json.dumps(kept, indent=1))


def secrets(settings: Settings) -> Secrets:
    """The secrets of this cloud, made on the first call and the same ever after."""
    path = settings.state_dir / "secrets.json"
    if not path.exists():
        _place_once(path, json.dumps(dataclasses.asdict(_new_secrets()), indent=1))
    return Secrets(**json.loads(path.read_text()))


def metadata_secret(settings: Settings) -> str:
    """What the networks' proxies sign with when they tell the metadata service who asks."""
    key = secrets(settings).token_key.encode()
    return hmac.new(key, b"metadata proxy", hashlib.sha256).hexdigest()


def _new_secrets() -> Secrets:
    return Secrets(
        admin_password=ids.new_password(20),
        demo_password=ids.new_password(20),
        service_passwords={name: ids.new_password(24) for name in SERVICE_USERS},
        token_key=Fernet.generate_key().decode(),
        credential_key=Fernet.generate_key().decode(),
    )


def _replace(path: Path, text: str) -> None:
    _write_beside(path, text).replace(path)


def _place_once(path: Path, text: str) -> None:
    """Put the whole file there unless somebody else just did: both then read the same one."""
    beside = _write_beside(path, text)
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def _write_beside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    return Path(name)
