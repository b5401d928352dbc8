# SPDX-License-Identifier: Apache-2.0
"""What is checked of a request for new servers, in Nova's order, before anything is written."""

from __future__ import annotations

import msgspec
from oslo_config import cfg

from nova_appliance.actions import (
    boot_devices,
    boot_files,
    boot_networks,
    device_fit,
    image_fit,
    metadata,
    user_data,
    zones,
)
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import flavors, hosts, keypairs, server_groups
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.boot import BootRequest, NetworkRequest
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server import ServerImage
from nova_appliance.domain.server_group import ServerGroup

GIB = 1 << 30


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the servers are wanted."""

    zone: str | None = None
    host: str | None = None
    node: str | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A request with everything it names."""

    request: BootRequest
    flavor: Flavor
    image: ServerImage | None
    """None for servers whose root disk is a volume."""
    place: Place
    networks: tuple[NetworkRequest, ...]
    security_groups: tuple[str, ...]
    key: Keypair | None
    group: ServerGroup | None
    files: tuple[boot_files.File, ...] = ()
    root: ServerImage | None = None
    """What is known of the image behind a root volume."""
    attachments: tuple[Attachment, ...] = ()
    """Of each server, without ids."""

    @property
    def seen(self) -> ServerImage:
        """The image that the root disk has, or had, its content from."""
        return self.image or self.root or ServerImage(id="")


def check(cloud: Cloud, context: RequestContext, request: BootRequest) -> Checked:
    """The request with what it names. Raises Invalid, Conflict, OverQuota."""
    flavor = _flavor(cloud, context, request.flavor_id)
    place = _place(cloud, request)
    chosen = boot_devices.choose(cloud, context, request)
    image = find_image(cloud, context, chosen.image_id) if chosen.image_id else None
    seen = image or chosen.root or ServerImage(id="")
    _check_counts(request)
    user_data.check(request.user_data)
    groups = boot_networks.security_group_ids(cloud, context, request.security_groups)
    networks = boot_networks.choose(cloud, context, request)
    key = find_key(cloud, context, request.key_name)
    metadata.check_room(cloud, context, len(request.metadata))
    boot_devices.check_sizes(flavor, chosen.attachments)
    device_fit.check(cloud, flavor, seen)
    if image is not None:
        image_fit.check(image, flavor)
    else:
        _check_volume_fits(request, chosen, flavor)
    return Checked(
        request=request,
        flavor=flavor,
        image=image.remembered if image else None,
        root=chosen.root,
        attachments=boot_devices.named(flavor, chosen.attachments, seen),
        place=place,
        networks=networks,
        security_groups=groups,
        key=key,
        group=_group(cloud, context, request),
        files=boot_files.read(
            cloud,
            context,
            request,
            has_drive=wants_config_drive(cloud.conf, request, seen),
        ),
    )


def _flavor(cloud: Cloud, context: RequestContext, flavor_id: str) -> Flavor:
    project_id = None if context.is_admin else context.project_id
    with cloud.cells.api.read() as conn:
        flavor = flavors.get(conn, flavor_id, project_id)
    if flavor is None or flavor.disabled:
        raise errors.Invalid(f"Flavor {flavor_id} could not be found.")
    return flavor


def _place(cloud: Cloud, request: BootRequest) -> Place:
    words = (request.availability_zone or "").split(":")
    zone, host, node = (*words, "", "")[:3]
    place = Place(
        zone=zone or cloud.conf.default_schedule_zone,
        host=request.host or host or None,
        node=request.node or node or None,
    )
    if place.zone and not any(
        known.name == place.zone and known.is_available for known in zones.list_(cloud)
    ):
        raise errors.Invalid("The requested availability zone is not available")
    if place.host or place.node:
        _check_host(cloud, place)
    return place


def _check_host(cloud: Cloud, place: Place) -> None:
    with cloud.cells.api.read() as conn:
        known = hosts.list_(conn, hosts=[place.host] if place.host else None)
    if not any(place.node in (None, host.node) for host in known):
        raise errors.Invalid(f"Compute host {place.host or place.node} could not be found.")


def find_image(cloud: Cloud, context: RequestContext, image_id: str) -> Image:
    """The image, if the caller may see it. Raises Invalid."""
    try:
        return cloud.images.get(image_id, context)
    except errors.NotFound as error:
        raise errors.Invalid("Can not find requested image") from error


def _check_counts(request: BootRequest) -> None:
    if request.min_count > request.max_count:
        raise errors.Invalid("min_count must be <= max_count")


def wants_config_drive(conf: cfg.ConfigOpts, request: BootRequest, image: ServerImage) -> bool:
    """Whether the servers get a config drive: request, image or operator say so."""
    mandatory = image.properties.get("img_config_drive") == "mandatory"
    if conf.force_config_drive or mandatory:
        return True
    asked = request.config_drive
    return bool(conf.config_drive_by_default) if asked is None else asked


def find_key(cloud: Cloud, context: RequestContext, name: str | None) -> Keypair | None:
    """The caller's key of that name; None without a name. Raises Invalid."""
    if name is None:
        return None
    with cloud.cells.api.read() as conn:
        key = keypairs.get(conn, str(context.user_id), name)
    if key is None:
        raise errors.Invalid("Invalid key_name provided.")
    return key


def _check_volume_fits(request: BootRequest, chosen: boot_devices.Chosen, flavor: Flavor) -> None:
    """A root volume has a size of its own; the flavor gives the memory."""
    image = chosen.root or ServerImage(id="")
    image_fit.check_on_volume(
        image, flavor, chosen.root_gib or 0, certificates=request.trusted_certs
    )


def _group(cloud: Cloud, context: RequestContext, request: BootRequest) -> ServerGroup | None:
    group_id = request.hints.get("group")
    if not group_id:
        return None
    project_id = None if context.is_admin else context.project_id
    with cloud.cells.api.read() as conn:
        group = server_groups.get(conn, str(group_id), project_id)
    if group is None:
        raise errors.Invalid(f"Instance group {group_id} could not be found.")
    return group
