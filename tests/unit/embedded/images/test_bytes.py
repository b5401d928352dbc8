# SPDX-License-Identifier: Apache-2.0
"""The bytes of images: whole or not there, checked, and never all in memory."""

from __future__ import annotations

import hashlib
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import tracemalloc

import pytest
from webtest import TestApp

from nova_appliance.embedded.images import data as data_
from nova_appliance.embedded.images import files, formats
from nova_appliance.embedded.images.app import make_app
from nova_appliance.embedded.web import WrongMedia

RAW = {"disk_format": "raw", "container_format": "bare"}


def qcow2(version=3, backing=0, features=0, size=1 << 30):
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", version, backing, 0, 16, size)
    return head.ljust(72, b"\0") + struct.pack(">Q", features) + b"\0" * 1000


def vmdk(kind):
    text = f'# Disk DescriptorFile\ncreateType="{kind}"\n'.encode()
    head = struct.pack("<4sIIQQQQ", b"KDMV", 1, 3, 2048, 128, 1, 1)
    return head.ljust(512, b"\0") + text.ljust(512, b"\0")


VDI = b"\0" * 64 + b"\x7f\x10\xda\xbe" + b"\0" * 300 + struct.pack("<Q", 4096) + b"\0" * 512


@pytest.mark.parametrize(
    ("declared", "content", "virtual"),
    [
        ("raw", b"MZ anything", 11),
        ("raw", b"", 0),
        ("qcow2", b"", 0),
        ("ami", b"kernel", 6),
        ("qcow2", qcow2(2), 1 << 30),
        ("qcow2", qcow2(3, features=1), 1 << 30),
        ("vmdk", vmdk("streamOptimized"), 2048 * 512),
        ("vdi", VDI, 4096),
        ("vhd", b"\0" * 1024 + b"conectix".ljust(512, b"\0"), None),
        ("vhdx", b"vhdxfile".ljust(600, b"\0"), None),
        ("iso", b"\0" * 0x8001 + b"CD001", None),
        ("raw", b"\0" * 0x8001 + b"CD001", 0x8006),
    ],
)
def test_honest_formats_are_taken(tmp_path, declared, content, virtual):
    (tmp_path / "image").write_bytes(content)
    assert formats.inspect(tmp_path / "image", declared) == virtual


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        ("qcow2", b"MZ anything"),
        ("qcow2", b"QFI\xfb"),
        ("qcow2", qcow2(version=4)),
        ("qcow2", qcow2(backing=104)),
        ("qcow2", qcow2(features=1 << 2)),
        ("qcow2", qcow2(features=1 << 1)),
        ("qcow2", qcow2(features=1 << 9)),
        ("raw", qcow2()),
        ("aki", qcow2()),
        ("iso", qcow2()),
        ("vmdk", b"# Disk DescriptorFile\n"),
        ("vmdk", vmdk("monolithicFlat")),
        ("vmdk", vmdk('streamOptimized"\ncreateType="monolithicFlat')),
        ("vdi", VDI[:100]),
        ("vhd", b"x"),
        ("raw", b"QED\0"),
    ],
)
def test_lies_are_refused(tmp_path, declared, content):
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(WrongMedia):
        formats.inspect(tmp_path / "image", declared)


def test_bytes_come_back_with_their_sums(rig):
    content = os.urandom(3_000_001)
    image = rig.active(content)
    assert image["status"] == "active"
    assert image["size"] == image["virtual_size"] == len(content)
    assert image["checksum"] == hashlib.md5(content).hexdigest()
    assert image["os_hash_algo"] == "sha512"
    assert image["os_hash_value"] == hashlib.sha512(content).hexdigest()
    answer = rig.app.get(image["file"], headers=rig.demo)
    assert answer.body == content
    assert answer.headers["Content-MD5"] == image["checksum"]
    assert rig.files() == [image["id"]]


def test_streams_take_little_memory(rig):
    class Endless:
        left = 9_000_000

        def read(self, size=-1):
            assert 0 < size <= files.CHUNK_BYTES
            size = min(size, self.left)
            self.left -= size
            return b"z" * size

    tracemalloc.start()
    written = files.write(
        rig.settings.state_dir / "x", Endless(), limit=10_000_000, declared_size=None
    )
    total = sum(len(chunk) for chunk in files.chunks(written.path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == written.size == 9_000_000
    assert peak < 4 * files.CHUNK_BYTES


def test_there_is_nothing_to_download_before_the_bytes_are_there(rig):
    image = rig.create(**RAW)
    assert rig.app.get(image["file"], headers=rig.demo, status=204).body == b""


@pytest.mark.parametrize(
    ("more", "status"),
    [({"X-OpenStack-Image-Size": "99"}, 400), ({}, 413)],
)
def test_a_refused_upload_leaves_the_image_waiting(rig, more, status):
    image = rig.create(**RAW)
    content = b"x" * (11_000_000 if status == 413 else 5)
    rig.upload(image["id"], content, status=status, **more)
    assert rig.show(image["id"])["status"] == "queued"
    assert rig.files() == []
    rig.upload(image["id"], b"good")


def test_a_lie_leaves_the_image_waiting(rig):
    image = rig.create(disk_format="qcow2", container_format="bare")
    answer = rig.upload(image["id"], b"no qcow2", status=415)
    assert "qcow2" in answer.text
    assert rig.show(image["id"])["status"] == "queued"
    assert rig.files() == []


def test_bytes_are_sent_once_as_bytes_and_with_a_format(rig):
    image = rig.active()
    rig.upload(image["id"], b"again", status=409)
    rig.upload(rig.create()["id"], b"x", status=400)
    url = f"/v2/images/{rig.create(**RAW)['id']}/file"
    rig.app.put(url, b"x", headers=rig.demo, content_type="text/plain", status=415)
    rig.app.put(url, b"x", headers=rig.demo, content_type="", status=415)


def test_an_image_deleted_during_its_upload_leaves_no_bytes(rig, monkeypatch):
    image = rig.create(**RAW)

    def delete(headers):
        rig.app.delete(f"/v2/images/{image['id']}", headers=headers, status=204)

    def delete_meanwhile(path, declared):
        thread = threading.Thread(target=delete, args=(rig.demo,))  # Pecan: a request a thread
        thread.start()
        thread.join()
        return path.stat().st_size

    monkeypatch.setattr(data_.formats, "inspect", delete_meanwhile)
    rig.upload(image["id"], b"late", status=404)
    assert rig.files() == []


def test_staged_bytes_are_imported(rig):
    image = rig.create(**RAW)
    url = f"/v2/images/{image['id']}"
    method = {"method": {"name": "glance-direct"}}
    rig.app.post_json(f"{url}/import", method, headers=rig.demo, status=409)
    headers = rig.demo | {"Content-Type": "application/octet-stream"}
    rig.app.put(f"{url}/stage", b"staged", headers=headers, status=204)
    assert rig.show(image["id"])["status"] == "uploading"
    rig.app.post_json(f"{url}/import", {"method": {"name": "web"}}, headers=rig.demo, status=400)
    rig.app.post_json(f"{url}/import", method, headers=rig.demo, status=202)
    assert rig.show(image["id"])["size"] == 6
    assert rig.app.get(f"{url}/file", headers=rig.demo).body == b"staged"
    assert rig.files() == [image["id"]]


def test_a_deactivated_image_is_kept_from_download(rig):
    image = rig.active()
    url = f"/v2/images/{image['id']}/actions"
    rig.app.post(f"{url}/deactivate", headers=rig.demo, status=403)
    for _ in range(2):
        rig.app.post(f"{url}/deactivate", headers=rig.admin, status=204)
    rig.app.get(image["file"], headers=rig.demo, status=403)
    rig.app.get(image["file"], headers=rig.admin)
    rig.app.post(f"{url}/reactivate", headers=rig.admin, status=204)
    rig.app.get(image["file"], headers=rig.demo)
    queued = rig.create(**RAW)["id"]
    rig.app.post(f"/v2/images/{queued}/actions/deactivate", headers=rig.admin, status=409)


DIES = {
    "while the bytes come in": "die_in(os, 'fsync'); uploads(path='file')",
    "before the bytes have their name": "die_in(files, 'publish'); uploads(path='file')",
    "before it is told": "die_after(files, 'publish'); uploads(path='file')",
    "while the bytes are staged": "die_in(os, 'fsync'); uploads(path='stage')",
    "while they are imported": "uploads(path='stage'); die_in(data, 'activate'); imports()",
    "at the end of the import": "uploads(path='stage'); die_after(files, 'publish'); imports()",
}
VICTIM = """
import os, signal, sys, pathlib
from webtest import TestApp
from nova_appliance.embedded.images import data, files
from nova_appliance.embedded.images.app import make_app
from nova_appliance.embedded.settings import Settings

app = TestApp(make_app(Settings(pathlib.Path(sys.argv[1]))))
image, headers = f"/v2/images/{sys.argv[2]}", {"X-Auth-Token": sys.argv[3]}

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

def die_in(module, name):
    setattr(module, name, die)

def die_after(module, name):
    real = getattr(module, name)
    setattr(module, name, lambda *args: (real(*args), die()))

def uploads(path):
    app.put(f"{image}/{path}", b"x" * 1000, headers=headers, content_type="application/octet-stream")

def imports():
    app.post_json(f"{image}/import", {"method": {"name": "glance-direct"}}, headers=headers)

"""


@pytest.mark.parametrize("moment", DIES)
def test_kill_9_leaves_no_half_image(rig, moment):
    image = rig.create(**RAW)
    whole = rig.active(b"whole")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(VICTIM) + DIES[moment],
            str(rig.settings.state_dir),
            image["id"],
            rig.demo["X-Auth-Token"],
        ],
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    rig.app = TestApp(make_app(rig.settings))
    left = rig.show(image["id"])
    if "import" in moment:
        staged = rig.show(image["id"])["status"] == "uploading"
        assert staged or left["status"] == "queued"
    else:
        assert left["status"] == "queued"
    assert set(rig.files()) - {whole["id"], image["id"] + files.STAGED} == set()
    assert rig.app.get(whole["file"], headers=rig.demo).body == b"whole"
    if left["status"] == "queued":
        rig.upload(image["id"], b"anew")
        assert rig.app.get(image["file"], headers=rig.demo).body == b"anew"
