# SPDX-License-Identifier: Apache-2.0
"""The KVM device gets udev's group, once, and is given back as it was."""

import grp
import stat

from nova_appliance.embedded import kvm_device


def _see(path):
    found = path.stat()
    return found.st_gid, stat.S_IMODE(found.st_mode)


def test_it_is_changed_once_and_given_back(tmp_path, monkeypatch):
    group = grp.getgrgid(1)
    monkeypatch.setattr(grp, "getgrnam", lambda _name: group)
    device = tmp_path / "kvm"
    device.touch(0o600)
    before = _see(device)
    assert kvm_device.settle(tmp_path, device)
    assert _see(device) == (group.gr_gid, 0o660)
    assert not kvm_device.settle(tmp_path, device)
    kvm_device.restore(tmp_path, device)
    assert _see(device) == before
    kvm_device.restore(tmp_path, device)


def test_a_machine_without_the_device_or_the_group_is_left_alone(tmp_path, monkeypatch):
    assert not kvm_device.settle(tmp_path, tmp_path / "none")

    def nobody(_name):
        raise KeyError

    monkeypatch.setattr(grp, "getgrnam", nobody)
    device = tmp_path / "kvm"
    device.touch(0o600)
    assert not kvm_device.settle(tmp_path, device)
