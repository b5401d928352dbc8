# SPDX-License-Identifier: Apache-2.0
"""Each filter's question, asked of one host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures import hosts as made

from nova_appliance.common import errors, ids
from nova_appliance.db import aggregates, hosts
from nova_appliance.db.cells import Cells
from nova_appliance.domain.host import Amounts
from nova_appliance.domain.pci import PciDevice
from nova_appliance.domain.server import ServerImage
from nova_appliance.rpc.orders import Chosen
from nova_appliance.scheduler.choose import choose_hosts
from nova_appliance.scheduler.compare import matches
from nova_appliance.scheduler.filters import registry
from nova_appliance.scheduler.versions import fits
from nova_appliance.scheduler.weighers.weigh import normalised

IMAGE_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    cells = made.make_cells(tmp_path)
    yield cells
    cells._databases.dispose()


def image(**properties: str) -> dict[str, Any]:
    return {"image": ServerImage(id=IMAGE_ID, properties=properties)}


def specs(**extra: str) -> dict[str, Any]:
    return {"extra_specs": {key.replace("__", ":"): value for key, value in extra.items()}}


def hints(**given: Any) -> dict[str, Any]:
    return {"hints": given}


QUERY = json.dumps(["and", [">=", "$free_ram_mb", 1024], ["=", "$hypervisor_hostname", "h"]])
TENANT = {"filter_tenant_id": "q, p"}
CASES: list[tuple[str, dict[str, Any], dict[str, str], dict[str, Any], bool]] = [
    # filter, request, metadata of the host's aggregate, options, passes
    ("AllHostsFilter", {}, {}, {}, True),
    ("ComputeCapabilitiesFilter", specs(capabilities__hypervisor_type="QEMU"), {}, {}, True),
    ("ComputeCapabilitiesFilter", specs(capabilities__hypervisor_type="Xen"), {}, {}, False),
    ("ComputeCapabilitiesFilter", specs(capabilities__cpu_info__model="host"), {}, {}, True),
    ("ComputeCapabilitiesFilter", specs(capabilities__cpu_info__features="<in> avx"), {}, {}, True),
    ("ComputeCapabilitiesFilter", specs(capabilities__cpu_info__nothing="1"), {}, {}, False),
    ("ComputeCapabilitiesFilter", specs(vcpus_total=">= 8"), {}, {}, True),
    ("ComputeCapabilitiesFilter", specs(vcpus_total=">= 9"), {}, {}, False),
    ("ComputeCapabilitiesFilter", specs(hw__cpu_policy="dedicated"), {}, {}, True),
    ("ImagePropertiesFilter", image(), {}, {}, True),
    ("ImagePropertiesFilter", image(hw_architecture="x86_64"), {}, {}, True),
    ("ImagePropertiesFilter", image(architecture="amd64"), {}, {}, True),
    ("ImagePropertiesFilter", image(hw_architecture="aarch64"), {}, {}, False),
    ("ImagePropertiesFilter", image(img_hv_type="kvm"), {}, {}, True),
    ("ImagePropertiesFilter", image(img_hv_type="xen"), {}, {}, False),
    ("ImagePropertiesFilter", image(hw_vm_mode="hvm"), {}, {}, True),
    ("ImagePropertiesFilter", image(hw_vm_mode="exe"), {}, {}, False),
    ("ImagePropertiesFilter", image(img_hv_requested_version=">=8.0,<9"), {}, {}, True),
    ("ImagePropertiesFilter", image(img_hv_requested_version=">=9"), {}, {}, False),
    ("AllHostsFilter", specs(trait__HW_CPU_X86_AVX="required"), {}, {}, True),
    ("AllHostsFilter", specs(trait__HW_CPU_X86_AVX="forbidden"), {}, {}, False),
    ("AllHostsFilter", specs(trait__CUSTOM_GOLD="required"), {}, {}, False),
    ("AllHostsFilter", {"image": ServerImage(id=IMAGE_ID, properties={"trait:CUSTOM_X": "required"})},
     {}, {}, False),
    ("IsolatedHostsFilter", image(), {}, {"isolated_images": [IMAGE_ID]}, False),
    ("IsolatedHostsFilter", image(), {}, {"isolated_hosts": ["h"]}, False),
    ("IsolatedHostsFilter", image(), {},
     {"isolated_hosts": ["h"], "restrict_isolated_hosts_to_isolated_images": False}, True),
    ("IsolatedHostsFilter", image(), {},
     {"isolated_hosts": ["h"], "isolated_images": [IMAGE_ID]}, True),
    ("NumInstancesFilter", {}, {}, {"max_instances_per_host": 2}, True),
    ("NumInstancesFilter", {}, {}, {"max_instances_per_host": 1}, False),
    ("IoOpsFilter", {}, {}, {"max_io_ops_per_host": 2}, True),
    ("IoOpsFilter", {}, {}, {"max_io_ops_per_host": 1}, False),
    ("AggregateNumInstancesFilter", {}, {"max_instances_per_host": "1"}, {}, False),
    ("AggregateNumInstancesFilter", {}, {"max_instances_per_host": "word"}, {}, True),
    ("AggregateIoOpsFilter", {}, {"max_io_ops_per_host": "1"}, {}, False),
    ("AggregateIoOpsFilter", {}, {}, {}, True),
    ("AggregateTypeAffinityFilter", {"flavor_name": "gold"}, {"instance_type": "gold,x"}, {}, True),
    ("AggregateTypeAffinityFilter", {"flavor_name": "tin"}, {"instance_type": "gold,x"}, {}, False),
    ("AggregateTypeAffinityFilter", {}, {}, {}, True),
    ("AggregateMultiTenancyIsolation", {"project_id": "p"}, TENANT, {}, True),
    ("AggregateMultiTenancyIsolation", {"project_id": "r"}, TENANT, {}, False),
    ("AggregateMultiTenancyIsolation", {"project_id": "r"}, {}, {}, True),
    ("AggregateInstanceExtraSpecsFilter", specs(ssd="true"), {"ssd": "true"}, {}, True),
    ("AggregateInstanceExtraSpecsFilter", specs(ssd="true"), {}, {}, False),
    ("AggregateInstanceExtraSpecsFilter",
     specs(aggregate_instance_extra_specs__n="<or> 1 <or> 2"), {"n": "2"}, {}, True),
    ("AggregateInstanceExtraSpecsFilter", specs(hw__x="1"), {}, {}, True),
    ("AggregateImagePropertiesIsolation", image(os="linux"), {"os": "linux,bsd"}, {}, True),
    ("AggregateImagePropertiesIsolation", image(os="plan9"), {"os": "linux,bsd"}, {}, False),
    ("AggregateImagePropertiesIsolation", image(), {"os": "linux"}, {}, True),
    ("AggregateImagePropertiesIsolation", image(os="plan9"), {"os": "linux"},
     {"aggregate_image_properties_isolation_namespace": "iso"}, True),
    ("SimpleCIDRAffinityFilter", hints(build_near_host_ip="10.0.0.9", cidr="/24"), {}, {}, True),
    ("SimpleCIDRAffinityFilter", hints(build_near_host_ip="10.0.1.9"), {}, {}, False),
    ("SimpleCIDRAffinityFilter", hints(build_near_host_ip="x"), {}, {}, False),
    ("SimpleCIDRAffinityFilter", {}, {}, {}, True),
    ("JsonFilter", hints(query=QUERY), {}, {}, True),
    ("JsonFilter", hints(query='["<", "$free_ram_mb", 1024]'), {}, {}, False),
    ("JsonFilter", hints(query='["not", ["in", "$host", "a", "h"]]'), {}, {}, False),
    ("JsonFilter", hints(query='["=", "$cpu_info.arch", "x86_64"]'), {}, {}, True),
    ("JsonFilter", hints(query='["=", "$no_such", "x"]'), {}, {}, False),
    ("JsonFilter", hints(query='["run", "x"]'), {}, {}, False),
    ("JsonFilter", hints(query="{"), {}, {}, False),
    ("JsonFilter", hints(query="[" * 50000), {}, {}, False),
    ("JsonFilter", {}, {}, {}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "request_", "metadata", "options", "passes"), CASES, ids=lambda v: str(v)[:40]
)
def test_filter(
    cells: Cells,
    name: str,
    request_: dict[str, Any],
    metadata: dict[str, str],
    options: dict[str, Any],
    passes: bool,
) -> None:
    host_id = made.add_host(cells, "h", host_ip="10.0.0.5", traits=("HW_CPU_X86_AVX",))
    with cells.api.write() as conn:
        hosts.claim(conn, host_id, ids.new_id(), Amounts(vcpus=1, memory_mib=1, disk_gib=0))
        number = aggregates.add(conn, "a", metadata).row
        aggregates.add_host(conn, number, "h")
    desk = made.desk(cells, enabled_filters=[name], **options)
    answer = choose_hosts(desk, made.order(cells, **request_))
    assert isinstance(answer, Chosen) is passes, answer


@pytest.mark.parametrize(("name", "wanted"), [("same_host", "a"), ("different_host", "b")])
@pytest.mark.parametrize("as_list", [True, False])
def test_hints_name_servers(cells: Cells, name: str, wanted: str, as_list: bool) -> None:
    here, neighbour = made.add_host(cells, "a"), ids.new_id()
    made.add_host(cells, "b")
    with cells.api.write() as conn:
        hosts.claim(conn, here, neighbour, Amounts(vcpus=1, memory_mib=1, disk_gib=0))
    desk = made.desk(cells, enabled_filters=["SameHostFilter", "DifferentHostFilter"])
    given = {name: [neighbour] if as_list else neighbour}
    answer = choose_hosts(desk, made.order(cells, hints=given))
    assert isinstance(answer, Chosen)
    assert answer.host == wanted


def test_aggregates_may_turn_a_weigher_round(cells: Cells) -> None:
    made.add_host(cells, "small", memory_mib=1024)
    made.add_host(cells, "big", memory_mib=4096)
    with cells.api.write() as conn:
        metadata = {"ram_weight_multiplier": "-5.0"}
        number = aggregates.add(conn, "a", metadata).row
        aggregates.add_host(conn, number, "big")
    answer = choose_hosts(made.desk(cells), made.order(cells))
    assert isinstance(answer, Chosen)
    assert answer.host == "small"


@pytest.mark.parametrize(("multiplier", "wanted"), [(5.0, "plain"), (-5.0, "rich")])
def test_hosts_with_devices_are_kept_for_those_who_want_them(
    cells: Cells, multiplier: float, wanted: str
) -> None:
    devices = tuple(PciDevice(address=f"0000:0{n}:00.0") for n in range(3))
    made.add_host(cells, "rich", memory_mib=4096, devices=devices)
    made.add_host(cells, "plain", memory_mib=1024)
    desk = made.desk(cells, pci_weight_multiplier=multiplier)
    answer = choose_hosts(desk, made.order(cells))
    assert isinstance(answer, Chosen)
    assert answer.host == wanted


def test_the_best_n_share_the_load(cells: Cells) -> None:
    for n in range(4):
        made.add_host(cells, f"h{n}", memory_mib=100_000 + 1000 * n)
    desk = made.desk(cells, host_subset_size=3)
    answers = [choose_hosts(desk, made.order(cells)) for _ in range(30)]
    used = {answer.host for answer in answers if isinstance(answer, Chosen)}
    assert {"h3", "h2"} < used


def test_every_filter_can_be_loaded_and_no_other() -> None:
    assert set(registry.load(list(registry.FILTERS))) == {"traits", *registry.FILTERS}
    with pytest.raises(errors.Invalid, match="NoSuchFilter"):
        registry.load(["NoSuchFilter"])


@pytest.mark.parametrize(
    ("value", "requirement", "met"),
    [
        ("5", "= 4", True), ("3", "= 4", False), ("4", "== 4.0", True), ("4", "!= 4", False),
        ("5", "> 4", True), ("4", "< 4", False), ("4", "<= 4", True), ("x", "> 4", False),
        ("abc", "s== abc", True), ("abc", "s!= abc", False), ("b", "s> a", True),
        ("b", "s<= a", False), ("b", "s>= b", True), ("a", "s< b", True),
        ("avx sse", "<in> sse", True), ("avx", "<in> sse", False),
        (["avx", "sse"], "<all-in> sse avx", True), (["avx"], "<all-in> sse avx", False),
        ("2", "<or> 1 <or> 2", True), ("3", "<or> 1 <or> 2", False), ("b", "<or> b", True),
        ("plain", "plain", True), ("plain", "other", False), (None, "> 1", False),
        ("1", ">", False), ("", "", True),
    ],
)  # fmt: skip
def test_compare(value: Any, requirement: str, met: bool) -> None:
    assert matches(value, requirement) is met


@pytest.mark.parametrize(
    ("conditions", "met"),
    [(">=6.0", True), (">=6.0,<8", False), ("8.2.0", True), ("=8.2", True), ("!=8.2", False),
     ("> 8.1 , <= 8.2", True), ("words", False)],
)  # fmt: skip
def test_versions(conditions: str, met: bool) -> None:
    assert fits(8_002_000, conditions) is met


def test_weights_lie_between_0_and_1() -> None:
    assert normalised([2.0, 4.0, 3.0]) == [0.0, 1.0, 0.5]
    assert normalised([7.0, 7.0]) == [0.0, 0.0]
    assert normalised([]) == []
