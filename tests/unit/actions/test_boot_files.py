# SPDX-License-Identifier: Apache-2.0
"""Files for config drives: where they stand, and which are refused."""

import base64
import json
import types

import pytest
from fixtures.cells import make_cells, make_server

from nova_appliance.actions import boot_files
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.conf.load import load
from nova_appliance.domain import config_drive, guest_data
from nova_appliance.domain.boot import BootRequest


@pytest.fixture
def cloud(tmp_path):
    cells = make_cells(lambda name: f"sqlite:///{tmp_path}/{name}.sqlite")
    return types.SimpleNamespace(cells=cells, conf=load())


def read(cloud, *files, has_drive=True):
    given = tuple({"path": p, "contents": base64.b64encode(c).decode()} for p, c in files)
    request = BootRequest(name="one", flavor_id="1", personality=given)
    context = RequestContext(user_id="u1", project_id="p1")
    return boot_files.read(cloud, context, request, has_drive=has_drive)


def drive_of(given):
    return config_drive.files(guest_data.Facts(server=make_server(), given=given))


def test_files_stand_on_the_config_drive(cloud):
    given = read(cloud, ("/etc/motd", b"hello"), ("/etc/issue", "é".encode()))
    files = drive_of(given)
    told = json.loads(files["openstack/latest/meta_data.json"])["files"]
    assert [one["path"] for one in told] == ["/etc/motd", "/etc/issue"]
    assert [files[f"openstack{one['content_path']}"] for one in told] == [
        b"hello",
        "é".encode(),
    ]
    assert "files" not in json.loads(drive_of(())["openstack/latest/meta_data.json"])


@pytest.mark.parametrize(
    ("family", "sentence", "files"),
    [
        (errors.OverQuota, "too many", [("/a", b"")] * 6),
        (errors.OverQuota, "path too long", [("/" * 256, b"")]),
        (errors.OverQuota, "content too long", [("/a", b"x" * 10241)]),
        (errors.Invalid, "UTF-8", [("/a", b"\xff")]),
    ],
)
def test_files_that_are_refused(cloud, family, sentence, files):
    with pytest.raises(family, match=sentence):
        read(cloud, *files)


def test_without_a_config_drive_there_is_no_place_for_them(cloud):
    with pytest.raises(errors.Invalid, match="config drive only"):
        read(cloud, ("/a", b""), has_drive=False)
    assert read(cloud, has_drive=False) == ()
