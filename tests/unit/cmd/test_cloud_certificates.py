# SPDX-License-Identifier: Apache-2.0
"""Certificates of the cloud in one process: made before libvirt starts, named in nova.conf, taken back."""

import subprocess
from pathlib import Path

import pytest
from fixtures.cert_daemon import quick_keys

from nova_appliance.cmd import cloud_certificates, cloud_qemu
from nova_appliance.embedded import qemu_conf
from nova_appliance.embedded.settings import Settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(qemu_conf, "CONF", tmp_path / "qemu.conf")
    monkeypatch.setattr(qemu_conf, "qemu_user", lambda: 12345)
    monkeypatch.setattr(cloud_qemu, "FOLDERS", tmp_path / "pki")
    with quick_keys():
        yield Settings(tmp_path / "state", host="127.0.0.2", public_host="cloud.example")


def _verifies(authority, certificate, *more):
    argv = ["openssl", "verify", "-CAfile", authority, *more, certificate]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def test_qemu_and_proxies_trust_one_authority(settings):
    cloud_qemu.prepare(settings)
    qemu = qemu_conf.folder_asked_for()
    assert Path(qemu, "server-key.pem").stat().st_uid == 12345
    options = cloud_certificates.options(settings)
    ours = options["vnc"]
    for address in ("127.0.0.1", "127.0.0.2"):
        more = ("-verify_ip", address, "-purpose", "sslserver")
        assert _verifies(ours["vencrypt_ca_certs"], f"{qemu}/server-cert.pem", *more)
    client = ("-purpose", "sslclient", "-crl_check", "-CRLfile", f"{qemu}/ca-crl.pem")
    assert _verifies(f"{qemu}/ca-cert.pem", ours["vencrypt_client_cert"], *client)
    assert options["certificates"]["folders"].split(",")[1] == qemu
    again = cloud_certificates.options(settings)
    assert again == options
    cloud_qemu.forget(settings)
    assert qemu_conf.folder_asked_for() is None
    assert not Path(qemu).exists()


def test_where_libvirt_is_somebody_elses_plain_screens_still_open(settings):
    ours = cloud_certificates.options(settings)
    assert ours["vnc"]["auth_schemes"] == "vencrypt,none"
    assert qemu_conf.folder_asked_for() is None


def test_the_fake_driver_has_no_screens_to_secure(settings):
    fake = Settings(settings.state_dir, compute_driver="fake")
    assert set(cloud_certificates.options(fake)) == {"certificates"}


def test_another_clouds_lines_are_not_taken_away(settings, tmp_path):
    cloud_qemu.prepare(settings)
    cloud_qemu.forget(Settings(tmp_path / "other"))
    assert qemu_conf.folder_asked_for()
