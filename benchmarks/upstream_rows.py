# SPDX-License-Identifier: Apache-2.0
"""Run by the Python of upstream Nova's own venv: a host and N servers, written with Nova's objects.

`python upstream_rows.py nova.conf COUNT PROJECT_ID USER_ID`
"""

from __future__ import annotations

import sys
from typing import Any

from nova import config, context, objects
from nova.network import model
from oslo_utils import timeutils, uuidutils


def main(conf: str, count: str, project_id: str, user_id: str) -> None:
    config.parse_args(["nova-api", "--config-file", conf])
    objects.register_all()
    ctxt = context.RequestContext(user_id=user_id, project_id=project_id, is_admin=True)
    cells = objects.CellMappingList.get_all(ctxt)
    cell = next(one for one in cells if not one.is_cell0())
    flavor = objects.Flavor(
        ctxt, name="m1.tiny", flavorid="1", memory_mb=512, vcpus=1, root_gb=1, ephemeral_gb=0,
        swap=0, rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True,
        extra_specs={"a": "b"},
    )  # fmt: skip
    flavor.create()
    with context.target_cell(ctxt, cell) as inner:
        for number in range(10):
            _host(inner, f"host{number}")
        for number in range(int(count)):
            _server(ctxt, inner, (cell, flavor), number)


def _host(ctxt: Any, name: str) -> None:
    service = objects.Service(
        ctxt, host=name, binary="nova-compute", topic="compute", report_count=1,
        last_seen_up=timeutils.utcnow(),
    )  # fmt: skip
    service.create()


def _server(ctxt: Any, inner: Any, place: tuple[Any, Any], number: int) -> None:
    cell, flavor = place
    uuid, host = uuidutils.generate_uuid(), f"host{number % 10}"
    instance = objects.Instance(
        inner, uuid=uuid, project_id=ctxt.project_id, user_id=ctxt.user_id,
        display_name=f"server-{number}", hostname=f"server-{number}", vm_state="active",
        power_state=1, host=host, node=host, compute_id=1, launched_on=host, availability_zone="nova",
        image_ref="70a599e0-31e7-49b7-b260-868f441e862b", instance_type_id=flavor.id,
        memory_mb=512, vcpus=1, root_gb=1, ephemeral_gb=0, launched_at=timeutils.utcnow(),
        metadata={"role": "web", "number": str(number)}, reservation_id="r-12345678",
        system_metadata={"image_hw_disk_bus": "virtio"}, flavor=flavor, old_flavor=None,
        new_flavor=None, launch_index=0, root_device_name="/dev/vda", config_drive="",
        key_name=None, auto_disk_config=False, progress=0, locked=False, ephemeral_key_uuid=None,
        info_cache=objects.InstanceInfoCache(inner, network_info=_network(number)),
    )  # fmt: skip
    instance.create()
    objects.InstanceMapping(
        ctxt, instance_uuid=uuid, project_id=ctxt.project_id, user_id=ctxt.user_id,
        cell_mapping=cell, queued_for_delete=False,
    ).create()  # fmt: skip


def _network(number: int) -> Any:
    """One address on one network, as the cached network information has it."""
    address = model.FixedIP(address=f"10.0.{number // 250}.{number % 250 + 1}")
    subnet = model.Subnet(cidr="10.0.0.0/16", ips=[address])
    network = model.Network(id=uuidutils.generate_uuid(), label="private", subnets=[subnet])
    vif = model.VIF(
        id=uuidutils.generate_uuid(), address="fa:16:3e:00:00:01", network=network, active=True
    )
    return model.NetworkInfo([vif])


if __name__ == "__main__":
    main(*sys.argv[1:])
