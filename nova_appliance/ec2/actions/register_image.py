# SPDX-License-Identifier: Apache-2.0
"""RegisterImage: an image out of a bundle; the call checks it, a thread brings the bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nova_appliance.actions import certificates
from nova_appliance.ec2 import bundles, image_transfer, tagging
from nova_appliance.ec2.actions import images
from nova_appliance.ec2.bundles import Manifest
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown

SHORTEST, LONGEST = 3, 128


def register(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """RegisterImage: from a bundle in objects; ImageLocation is bucket/manifest."""
    location = _location(params)
    bucket, _, path = location.partition("/")
    new = tagging.specified(params, "image")
    manifest = _manifest(caller, bucket, path)
    key, iv = (_opened(caller, text) for text in (manifest.key, manifest.iv))
    wanted = _wanted(caller, params, location, manifest)
    image_id = caller.cloud.images.create(wanted).id
    ec2_id = caller.names.one("ami", image_id)
    tagging.keep(caller, ec2_id, new)
    folder = path.rpartition("/")[0]

    def data() -> Iterator[bytes]:
        def fetch(name: str) -> Iterator[bytes]:
            whole = f"{folder}/{name}" if folder else name
            return _objects(caller)(bucket, whole)

        return bundles.image(manifest, key, iv, fetch)

    image_transfer.begin(caller, image_id, "raw", data)
    return {"ImageId": ec2_id}


def _location(params: Mapping[str, Any]) -> str:
    """Bucket and path of the manifest. Raises Fault for what is no bundle."""
    location = (params.get("ImageLocation") or "").strip("/")
    if params.get("BlockDeviceMappings") and not location:
        raise Fault("UnsupportedOperation", "Images of snapshots are not built here.")
    if not location:
        raise missing("ImageLocation")
    if "/" not in location or len(location) > 1024:
        raise Fault("InvalidManifest", f"{shown(location)} is no bucket/manifest.")
    return location


def _objects(caller: Caller) -> Callable[[str, str], Iterator[bytes]]:
    store = caller.objects
    if store is None:
        raise Fault("UnsupportedOperation", "There are no objects to register images from here.")
    return lambda bucket, name: store.chunks(caller.context, bucket, name)


def _manifest(caller: Caller, bucket: str, path: str) -> Manifest:
    text = b""
    with coded(NotFound="InvalidManifest", Invalid="InvalidManifest", Forbidden="AuthFailure"):
        for chunk in _objects(caller)(bucket, path):
            text += chunk
            if len(text) > bundles.LARGEST_MANIFEST:
                break
        return bundles.read(text)


def _opened(caller: Caller, text: str) -> str:
    with coded(Invalid="InvalidManifest"):
        return certificates.decrypt(caller.cloud, caller.context, text)


def _wanted(
    caller: Caller, params: Mapping[str, Any], location: str, manifest: Manifest
) -> dict[str, Any]:
    """The image in the image service's words."""
    name = params.get("Name") or location
    if params.get("Name") and not SHORTEST <= len(name) <= LONGEST:
        raise Fault("InvalidAMIName.Malformed", "The name of an image has 3 to 128 characters.")
    told = {
        "description": params.get("Description"),
        "kernel_id": _part(caller, params.get("KernelId")),
        "ramdisk_id": _part(caller, params.get("RamdiskId")),
    }
    return {
        "name": name[:255],
        "owner": caller.project_id,
        "visibility": "private",
        "image_location": location,
        "hw_architecture": params.get("Architecture") or manifest.architecture,
        image_transfer.STATE: image_transfer.PENDING,
        **{key: value for key, value in told.items() if value},
    }


def _part(caller: Caller, ec2_id: str | None) -> str | None:
    return images.find(caller, ec2_id).id if ec2_id else None
