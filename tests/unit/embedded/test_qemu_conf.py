# SPDX-License-Identifier: Apache-2.0
"""Our lines in qemu.conf come and go, and the rest of the file stays what it was."""

from pathlib import Path

import pytest

from nova_appliance.embedded import qemu_conf

THEIRS = ["", "# theirs\nuser = 'x'\n", "no newline at the end"]


@pytest.fixture
def conf(tmp_path, monkeypatch):
    path = tmp_path / "libvirt" / "qemu.conf"
    monkeypatch.setattr(qemu_conf, "CONF", path)
    return path


@pytest.mark.parametrize("text", THEIRS)
def test_our_lines_come_once_and_go_again(conf, text):
    conf.parent.mkdir()
    conf.write_text(text)
    for folder in ("/one", "/two", "/two"):
        assert qemu_conf.ask_for_certificates(Path(folder))
        assert qemu_conf.folder_asked_for() == folder
        assert conf.read_text().count("vnc_tls = 1") == 1
        assert conf.read_text().startswith(text)
    qemu_conf.forget()
    assert conf.read_text().strip() == text.strip()
    assert qemu_conf.folder_asked_for() is None


def test_without_a_file_one_is_made(conf):
    qemu_conf.forget()
    assert not conf.exists()
    assert qemu_conf.ask_for_certificates(Path("/x"))
    assert 'vnc_tls_x509_cert_dir = "/x"' in conf.read_text()


@pytest.mark.parametrize("line", ["vnc_tls = 0", "  vnc_tls = 1", 'vnc_tls_x509_cert_dir = "/y"'])
def test_who_has_said_something_about_tls_is_left_alone(conf, line):
    conf.parent.mkdir()
    conf.write_text(f"{line}\n")
    conf.chmod(0o640)
    assert not qemu_conf.ask_for_certificates(Path("/x"))
    assert conf.read_text() == f"{line}\n"


def test_the_files_mode_stays(conf):
    conf.parent.mkdir()
    conf.write_text("# vnc_tls = 1\n")
    conf.chmod(0o640)
    assert qemu_conf.ask_for_certificates(Path("/x"))
    assert conf.stat().st_mode & 0o777 == 0o640
