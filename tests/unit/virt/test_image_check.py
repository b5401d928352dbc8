# SPDX-License-Identifier: Apache-2.0
"""Images that must not be used are recognised by their bytes, whatever they are declared as."""

import hashlib
import io
import struct
import subprocess

import pytest

from nova_appliance.virt import image_check
from nova_appliance.virt.driver import ImageExpected, ImageRefused

CLUSTER = 1 << 16
MIB = 1 << 20
RAW, QCOW2, ISO = (ImageExpected(disk_format=name) for name in ("raw", "qcow2", "iso"))


def receive(content, expected):
    return image_check.receive("i", [content], expected, io.BytesIO())


def qcow2(**changes):
    """An empty version 3 image, with fields changed by name."""
    fields = {
        "magic": b"QFI\xfb",
        "version": 3,
        "backing_at": 0,
        "backing_size": 0,
        "cluster_bits": 16,
        "size": MIB,
        "crypt": 0,
        "l1_size": 1,
        "l1_at": 3 * CLUSTER,
        "refcount_at": CLUSTER,
        "refcount_clusters": 1,
        "snapshots": 0,
        "snapshots_at": 0,
        "incompatible": 0,
        "compatible": 0,
        "autoclear": 0,
        "refcount_order": 4,
        "header_length": 104,
    } | changes
    header = struct.pack(">4sIQIIQIIQQIIQQQQII", *fields.values())
    return header.ljust(4 * CLUSTER, b"\0")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files as qemu-img makes them, by format and options."""
    folder = tmp_path_factory.mktemp("made")
    base = folder / "base"
    base.write_bytes(b"\1" * MIB)
    kinds = {
        "qcow2": ["-f", "qcow2"],
        "backed": ["-f", "qcow2", "-b", str(base), "-F", "raw"],
        "data file": ["-f", "qcow2", "-o", f"data_file={folder}/data,data_file_raw=on"],
        "old": ["-f", "qcow2", "-o", "compat=0.10"],
        "extended": ["-f", "qcow2", "-o", "extended_l2=on"],
        "vmdk": ["-f", "vmdk"],
        "flat vmdk": ["-f", "vmdk", "-o", "subformat=monolithicFlat"],
        "vdi": ["-f", "vdi"],
        "vhdx": ["-f", "vhdx"],
        "vpc": ["-f", "vpc"],
        "fixed vpc": ["-f", "vpc", "-o", "subformat=fixed"],
        "qed": ["-f", "qed"],
        "parallels": ["-f", "parallels"],
    }
    for name, options in kinds.items():
        subprocess.run(["qemu-img", "create", "-q", *options, str(folder / name), "1M"], check=True)
    return {name: (folder / name).read_bytes() for name in kinds}


@pytest.mark.parametrize("kind", ["qcow2", "old", "extended"])
def test_a_true_qcow2_is_taken(made, kind):
    seen = receive(made[kind], QCOW2)
    assert (seen.disk_format, seen.virtual_bytes) == ("qcow2", MIB)
    assert seen.size_bytes == len(made[kind])


@pytest.mark.parametrize(
    ("kind", "reason"), [("backed", "backing file"), ("data file", "in another file")]
)
def test_a_qcow2_that_reaches_for_other_files_is_refused(made, kind, reason):
    with pytest.raises(ImageRefused, match=reason):
        receive(made[kind], QCOW2)


@pytest.mark.parametrize("declared", [RAW, QCOW2])
@pytest.mark.parametrize(
    "kind", ["vmdk", "flat vmdk", "vdi", "vhdx", "vpc", "fixed vpc", "qed", "parallels"]
)
def test_other_formats_are_refused_under_any_name(made, kind, declared):
    with pytest.raises(ImageRefused, match="its content is"):
        receive(made[kind], declared)


def test_a_raw_image_with_the_content_of_a_qcow2_is_refused(made):
    with pytest.raises(ImageRefused, match="declared as raw but is qcow2"):
        receive(made["qcow2"], RAW)


def test_a_qcow2_that_is_raw_is_refused():
    with pytest.raises(ImageRefused, match="declared as qcow2 but is raw"):
        receive(b"\0" * 512, QCOW2)


def test_a_format_that_no_guest_here_can_use_is_refused_before_it_is_read():
    def unread():
        raise AssertionError
        yield b""

    with pytest.raises(ImageRefused, match="iso, qcow2, raw, so convert it"):
        image_check.receive("i", unread(), ImageExpected(disk_format="vmdk"), io.BytesIO())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, "version is 1"),
        ({"version": 4}, "version is 4"),
        ({"backing_at": 112, "backing_size": 11}, "backing file"),
        ({"incompatible": 1 << 2}, "in another file"),
        ({"incompatible": 1 << 7}, "unknown qcow2 features"),
        ({"crypt": 2}, "encrypted"),
        ({"cluster_bits": 63}, "cluster size"),
        ({"header_length": 0}, "impossible length"),
        ({"header_length": 1 << 31}, "impossible length"),
        ({"size": 0}, "virtual size"),
        ({"size": 1 << 63}, "virtual size"),
        ({"l1_at": 1 << 40}, "cut off"),
        ({"refcount_at": 1 << 40}, "cut off"),
    ],
)
def test_headers_that_lie_are_refused(changes, reason):
    receive(qcow2(), QCOW2)
    with pytest.raises(ImageRefused, match=reason):
        receive(qcow2(**changes), QCOW2)


@pytest.mark.parametrize("length", [4, 71, 72, 103])
def test_a_header_that_is_cut_off_is_refused(length):
    with pytest.raises(ImageRefused, match="cut off"):
        receive(qcow2()[:length], QCOW2)


def test_a_data_file_named_only_in_a_header_extension_is_refused():
    extensions = struct.pack(">II8s", 0x6803F857, 8, b"features")
    extensions += struct.pack(">II8s", 0x44415441, 8, b"/etc/x\0\0")
    content = bytearray(qcow2())
    content[104 : 104 + len(extensions)] = extensions
    with pytest.raises(ImageRefused, match="in another file"):
        receive(bytes(content), QCOW2)


def test_a_disk_that_unfolds_too_far_is_refused():
    small = ImageExpected(disk_format="qcow2", max_virtual_bytes=MIB)
    assert receive(qcow2(size=MIB), small).virtual_bytes == MIB
    with pytest.raises(ImageRefused, match="unfolds to"):
        receive(qcow2(size=1 << 50), small)


def test_more_bytes_than_allowed_are_not_taken():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"\0" * 1000

    with pytest.raises(ImageRefused, match="more than the 4000 bytes"):
        image_check.receive(
            "i", endless(), ImageExpected(disk_format="raw", max_bytes=4000), io.BytesIO()
        )
    assert len(taken) == 5


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (ImageExpected(disk_format="raw", size_bytes=5), "4 bytes arrived in place of 5"),
        (ImageExpected(disk_format="raw", hash_algorithm="sha512", hash_value="00"), "sha512"),
        (ImageExpected(disk_format="raw", hash_algorithm="rot13", hash_value="00"), "rot13"),
    ],
)
def test_bytes_that_are_not_those_of_the_image_service_are_refused(expected, reason):
    with pytest.raises(ImageRefused, match=reason):
        receive(b"abcd", expected)


def test_the_right_hash_is_taken_in_any_case_of_letters():
    value = hashlib.sha512(b"abcd").hexdigest().upper()
    expected = ImageExpected(disk_format="raw", hash_algorithm="sha512", hash_value=value)
    assert receive(b"abcd", expected).size_bytes == 4


def test_an_empty_image_is_refused():
    with pytest.raises(ImageRefused, match="empty"):
        receive(b"", RAW)


def test_an_iso_is_opened_raw_and_must_have_a_volume():
    volume = bytes(32769) + b"CD001" + bytes(100)
    assert receive(volume, ISO).disk_format == "raw"
    with pytest.raises(ImageRefused, match="ISO 9660"):
        receive(bytes(40000), ISO)
