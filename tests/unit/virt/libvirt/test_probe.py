# SPDX-License-Identifier: Apache-2.0
"""When KVM is tried, what is remembered, and what the tiny guest is made of."""

import pytest

from nova_appliance.virt.libvirt import probe, probe_guest
from nova_appliance.virt.libvirt.probe import Facts, Remembered, plan

YES = Remembered(boot_id="b1", virt_type="kvm")
NO = Remembered(boot_id="b1", virt_type="qemu")


@pytest.mark.parametrize(
    ("facts", "chosen"),
    [
        (Facts(wanted="kvm", has_kvm=False, boot_id="b1"), "kvm"),
        (Facts(wanted="qemu", has_kvm=True, boot_id="b1", remembered=YES), "qemu"),
        (Facts(wanted="test", has_kvm=True, boot_id="b1"), "test"),
        (Facts(wanted="auto", has_kvm=False, boot_id="b1", remembered=YES), "qemu"),
        (Facts(wanted="auto", has_kvm=True, boot_id="b1"), None),
        (Facts(wanted="auto", has_kvm=True, boot_id="b1", remembered=YES), "kvm"),
        (Facts(wanted="auto", has_kvm=True, boot_id="b1", remembered=NO), "qemu"),
        (Facts(wanted="auto", has_kvm=True, boot_id="b2", remembered=NO), None),
    ],
)
def test_the_plan(facts, chosen):
    assert plan(facts) == chosen


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with a /dev/kvm, booted for the first time."""
    for name, text in (("KVM_DEVICE", ""), ("BOOT_ID", "boot-1\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(probe, name, tmp_path / name)
    return tmp_path


def test_a_try_is_made_once_in_a_boot(host):
    tries = []

    def try_kvm():
        tries.append(1)
        return True

    memory = host / "deep" / "memory"
    assert [probe.choose_virt_type("auto", memory, try_kvm) for _ in range(2)] == ["kvm", "kvm"]
    assert len(tries) == 1
    (host / "BOOT_ID").write_text("boot-2\n")
    assert probe.choose_virt_type("auto", memory, lambda: False) == "qemu"
    assert probe.choose_virt_type("auto", memory, try_kvm) == "qemu"


def test_a_damaged_memory_is_a_new_try(host):
    (host / "memory").write_text("{nonsense")
    assert probe.choose_virt_type("auto", host / "memory", lambda: True) == "kvm"


def test_without_the_device_nothing_is_tried(host):
    (host / "KVM_DEVICE").unlink()

    def try_kvm():
        raise AssertionError

    assert probe.choose_virt_type("auto", host / "memory", try_kvm) == "qemu"


def test_a_busy_host_gets_a_second_chance(monkeypatch):
    limits = []
    monkeypatch.setattr(probe, "guest_ends_well", lambda _, limit_s: limits.append(limit_s))
    assert probe.kvm_works() is False
    assert limits == list(probe.TIME_LIMITS_S)


def test_a_guest_that_hangs_is_given_up(monkeypatch, tmp_path):
    qemu = tmp_path / "qemu-system-x86_64"
    qemu.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    qemu.chmod(0o755)
    monkeypatch.setattr(probe, "QEMU", str(qemu))
    assert probe.guest_ends_well("kvm", 0.2) is False


@pytest.mark.parametrize(("code", "well"), [(85, True), (0, False), (1, False), (87, False)])
def test_only_the_guests_own_word_counts(monkeypatch, tmp_path, code, well):
    qemu = tmp_path / "qemu-system-x86_64"
    qemu.write_text(f"#!/bin/sh\nexit {code}\n")
    qemu.chmod(0o755)
    monkeypatch.setattr(probe, "QEMU", str(qemu))
    assert probe.guest_ends_well("kvm", 5) is well


def test_the_guest_fits_a_boot_sector_and_its_tables_are_where_the_code_looks():
    sector = probe_guest.boot_sector()
    assert len(sector) == 512
    assert sector[-2:] == b"\x55\xaa"
    descriptors = int.from_bytes(sector[0x152:0x156], "little") - 0x7C00
    assert sector[descriptors : descriptors + 8] == bytes(8)
    assert sector[descriptors + 8 : descriptors + 16].hex() == "00000000009a2000"
