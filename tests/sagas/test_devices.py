# SPDX-License-Identifier: Apache-2.0
"""PCI devices and slices of GPUs through real scheduler, conductor and agents: who holds which."""

import threading

import pytest
from fixtures.world import NOTHING, World

from nova_appliance.actions import boot, delete, live_migrate, resize, shelve
from nova_appliance.common import errors, ids
from nova_appliance.conductor import doctor
from nova_appliance.db import flavors
from nova_appliance.db.tables import api
from nova_appliance.domain.flavor import Flavor

ALIASES = [
    '{"name": "gpu", "vendor_id": "10de", "product_id": "1eb8"}',
    '{"name": "nic", "device_type": "type-VF", "product_id": "10ed"}',
    '{"name": "pf", "device_type": "type-PF", "product_id": "10fb"}',
    '{"name": "fpga", "vendor_id": "1172"}',
]


class DeviceWorld(World):
    """Each host offers its GPUs, its network card, and two slices; `host9` offers nothing."""

    def conf(self, host):
        conf = super().conf(host)
        conf.set_override("alias", ALIASES, "pci")
        if host != "host9":
            specs = ['{"product_id": "1eb8"}', '{"vendor_id": "8086"}']
            conf.set_override("device_spec", specs, "pci")
            conf.set_override("enabled_mdev_types", ["nvidia-35"], "devices")
        return conf


@pytest.fixture
def world(tmp_path):
    world = DeviceWorld(tmp_path)
    yield world
    world.stop()


def flavor(world, **specs):
    words = {key.replace("__", ":"): value for key, value in specs.items()}
    one = Flavor(
        id=ids.new_id(), name=ids.new_id(), vcpus=1, memory_mib=64, root_gib=1, extra_specs=words
    )
    with world.cloud.cells.api.write() as conn:
        flavors.add(conn, one)
    return one.id


def ask(world, flavor_id):
    request = world.request(flavor_id=flavor_id)
    (server,) = boot.boot(world.cloud, world.context(), request).servers
    return server.id


def test_a_guest_with_processors_for_itself_moves_while_it_is_off_only(world):
    world.start("host1", "host2")
    server_id = ask(world, flavor(world, hw__cpu_policy="dedicated"))
    server = world.wait_active(server_id)
    with pytest.raises(errors.Invalid, match="dedicated processors"):
        live_migrate.migrate(world.cloud, world.context(), server, live_migrate.LiveMigration())
    resize.migrate(world.cloud, world.context(), server, None)
    moved = world.wait(server_id, lambda s: s.task is None and s.state == "resized")
    assert moved.host != server.host
    end(world, server_id)


def held(world):
    """(server, kind, status, purpose) of what somebody holds."""
    return sorted(
        (row["server_id"], row["kind"], row["status"], row["purpose"])
        for row in world.rows(api.PCI_DEVICES)
        if row["status"] != "available"
    )


def end(world, *server_ids):
    for server_id in server_ids:
        delete.delete(world.cloud, world.context(), world.server(server_id))
        world.wait_gone(server_id)
    assert held(world) == []
    assert world.left() == NOTHING


def test_devices_are_claimed_allocated_and_given_back(world):
    world.start("host1")
    wanted = flavor(world, pci_passthrough__alias="gpu:1,nic:2", resources__VGPU="1")
    server_id = ask(world, wanted)
    world.wait_active(server_id)
    kinds = [(kind, status, purpose) for _, kind, status, purpose in held(world)]
    slice_, card = ("VGPU", "allocated", "run"), ("type-VF", "allocated", "run")
    assert kinds == [slice_, ("type-PCI", "allocated", "run"), card, card]
    second = ask(world, flavor(world, pci_passthrough__alias="gpu:2"))
    failed = world.wait(second, lambda s: s.state == "error")
    assert "PciPassthroughFilter (device gpu: needs 2, has 1 free)" in failed.fault.message
    third = ask(world, flavor(world, pci_passthrough__alias="pf:1"))
    failed = world.wait(third, lambda s: s.state == "error")
    assert "device pf: needs 1, has 0 free" in failed.fault.message
    for gone in (second, third):
        delete.delete(world.cloud, world.context(), world.server(gone))
        world.wait_gone(gone)
    end(world, server_id)


def test_a_resize_holds_both_until_it_is_confirmed_or_reverted(world):
    world.start("host1", "host2")
    server_id = ask(world, flavor(world, pci_passthrough__alias="gpu:1"))
    first = world.wait_active(server_id)
    for last in (resize.revert, resize.confirm):
        bigger = resize.Resize(flavor(world, pci_passthrough__alias="gpu:2"))
        resize.resize(world.cloud, world.context(), world.server(server_id), bigger)
        moved = world.wait(server_id, lambda s: s.state == "resized" and s.task is None)
        assert sorted(purpose for *_, purpose in held(world)) == ["kept", "run", "run"]
        last(world.cloud, world.context(), moved)
        world.wait_active(server_id)
        left = 1 if last is resize.revert else 2
        assert [purpose for *_, purpose in held(world)] == ["run"] * left
    assert world.server(server_id).host != first.host
    end(world, server_id)


def test_a_shelved_server_holds_nothing(world):
    world.start("host1")
    server_id = ask(world, flavor(world, resources__VGPU="2"))
    shelve.shelve(world.cloud, world.context(), world.wait_active(server_id))
    shelved = world.wait(server_id, lambda s: s.state == "shelved" and s.task is None)
    shelve.offload(world.cloud, world.context(), shelved)
    away = world.wait(server_id, lambda s: s.state == "shelved_offloaded" and s.task is None)
    assert held(world) == []
    shelve.unshelve(world.cloud, world.context(), away, shelve.Place())
    world.wait_active(server_id)
    assert [status for _, _, status, _ in held(world)] == ["allocated"] * 2
    end(world, server_id)


def test_a_device_goes_to_one_of_many_who_ask_at_once(world):
    world.start("host1", "host2")
    wanted = flavor(world, pci_passthrough__alias="gpu:1")
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask(world, wanted))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    servers = [world.wait(one, lambda s: s.state in ("active", "error"), 60) for one in found]
    assert sorted(server.state for server in servers) == ["active"] * 4 + ["error"] * 2
    assert len({(row["host_id"], row["address"]) for row in world.rows(api.PCI_DEVICES)
                if row["status"] == "allocated"}) == 4  # fmt: skip
    end(world, *found)


def test_what_no_host_offers_is_refused_at_once(world):
    world.start("host9")
    for words, sentence in (
        ({"pci_passthrough__alias": "gpu:1"}, "asks for PCI devices .gpu., which no host"),
        ({"resources__VGPU": "1"}, "asks for virtual GPUs .VGPU., which no host"),
        ({"pci_passthrough__alias": "tpu:1"}, "PCI alias tpu is not defined"),
        ({"pci_passthrough__alias": "gpu"}, "NAME:COUNT"),
    ):
        with pytest.raises(errors.Invalid, match=sentence):
            ask(world, flavor(world, **words))
    assert world.left() == NOTHING


def test_a_host_without_the_device_says_so(world):
    world.start("host1")
    with pytest.raises(errors.Invalid, match="which no host"):
        ask(world, flavor(world, pci_passthrough__alias="fpga:1"))
    server_id = ask(world, flavor(world, pci_passthrough__alias="gpu:1"))
    with pytest.raises(errors.Invalid, match="while it is off"):
        live_migrate.migrate(
            world.cloud,
            world.context(),
            world.wait_active(server_id),
            live_migrate.LiveMigration(),
        )
    world.add_host("host9")
    resize.migrate(world.cloud, world.context(), world.server(server_id), None)
    failed = world.wait(server_id, lambda s: s.task is None and s.fault is not None)
    assert "PciPassthroughFilter (device gpu: needs 1, has 0 free)" in failed.fault.message
    end(world, server_id)


def test_the_doctor_frees_devices_without_a_claim(world):
    world.start("host1")
    server_id = ask(world, flavor(world, pci_passthrough__alias="gpu:1"))
    world.wait_active(server_id)
    lost = ids.new_id()
    with world.cloud.cells.api.write() as conn:
        free = api.PCI_DEVICES.update().where(api.PCI_DEVICES.c.product_id == "10fb")
        conn.execute(free.values(status="allocated", server_id=lost, purpose="run"))
    found = [one for one in doctor.look(world.cloud) if one.kind == "device"]
    assert [(one.thing, one.where) for one in found] == [(lost, "0000:05:00.0")]
    found[0].mend()
    assert [one for one in doctor.look(world.cloud) if one.kind == "device"] == []
    end(world, server_id)
