# SPDX-License-Identifier: Apache-2.0
"""nova-cert in the cloud of one process, and the options of nova.conf about certificates.

QEMU may ask for certificates or not (cloud_qemu.py); the proxies try VeNCrypt first.
"""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.cert import adoption
from nova_appliance.cert.place import Place
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.service import Service
from nova_appliance.cert.shelf import Shelf
from nova_appliance.cmd import certificates, cloud_authority, cloud_qemu
from nova_appliance.cmd.wiring import Daemon
from nova_appliance.embedded.settings import Settings


def options(settings: Settings) -> dict[str, dict[str, object]]:
    """The groups of nova.conf about certificates; makes the files that they name."""
    groups: dict[str, dict[str, object]] = {
        "certificates": {"secrets": cloud_authority.secret(settings)}
    }
    if settings.compute_driver == "libvirt":
        place = Place(settings.state_dir / "pki" / "proxies")
        cloud_authority.issue(settings, place, "proxies")
        qemu = cloud_qemu.place(settings).folder
        folders = [place.folder, *([qemu] if qemu.is_dir() else [])]
        groups["certificates"]["folders"] = ",".join(map(str, folders))
        groups["vnc"] = {
            "auth_schemes": "vencrypt,none",
            "vencrypt_ca_certs": place.folder / "ca.pem",
            "vencrypt_client_cert": place.folder / "cert.pem",
            "vencrypt_client_key": place.folder / "key.pem",
        }
        groups["spice"] = {
            "ca_certs": place.folder / "ca.pem",
            "revocation_list": place.folder / "crl.pem",
        }
    return groups


def make(cloud: Cloud, settings: Settings) -> list[Daemon]:
    """nova-cert over this cloud's authority, and what renews the certificates; not started yet."""
    shelf = Shelf(cloud.cells.api, Seal(cloud.conf.certificates.secrets))
    authority = cloud_authority.authority(settings)
    adoption.adopt(authority.store, shelf)
    keeper = certificates.keeper(cloud.conf)
    return [Service(cloud), *([keeper] if keeper else [])]
