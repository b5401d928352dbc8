# SPDX-License-Identifier: Apache-2.0
"""Image hosts of a cluster bring one another's images, compared and whole, and remove those that are deleted."""

import hashlib
import http.server
import importlib.machinery
import importlib.util
import json
import threading
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/glance/files/appliance-images"
ONE, OTHER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12")
OPTIONS = """[keystone_authtoken]
auth_url = http://127.0.0.1:{port}
username = glance
password = 50%off
user_domain_name = Default
project_domain_name = Default
project_name = service
"""


class Cloud(http.server.BaseHTTPRequestHandler):
    """Keystone, the catalog of images, and the other image host in one."""

    images, files, asked = (), {}, []

    def do_POST(self):
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        at = f"http://127.0.0.1:{self.server.server_port}"
        catalog = [{"type": "image", "endpoints": [{"url": at}]}]
        self._say(201, json.dumps({"token": {"catalog": catalog}}).encode())

    def do_GET(self):
        assert self.headers["X-Auth-Token"] == "token"
        path, _, query = self.path.partition("?")
        if query:
            shown = [] if "os_hidden=true" in query else list(self.images)
            return self._say(200, json.dumps({"images": shown}).encode())
        image = path.split("/")[3]
        known = {one["id"] for one in self.images}
        if path.endswith("/file"):
            return self._say(200 if image in self.files else 404, self.files.get(image, b""))
        return self._say(200 if image in known else 404, b"{}")

    def _say(self, status, body):
        self.send_response(status)
        self.send_header("X-Subject-Token", "token")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


@pytest.fixture
def cloud():
    handler = type("OneCloud", (Cloud,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def script(cloud, tmp_path, monkeypatch):
    loader = importlib.machinery.SourceFileLoader("appliance_images", str(SCRIPT))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    (tmp_path / "glance-api.conf").write_text(OPTIONS.format(port=cloud.server_port))
    monkeypatch.setattr(module, "OPTIONS", str(tmp_path / "glance-api.conf"))
    monkeypatch.setattr(module, "GLANCE_PORT", cloud.server_port)
    return module


def image(name, content, status="active"):
    digest = hashlib.sha512(content).hexdigest()
    return {
        "id": name, "status": status, "size": len(content), "os_hash_algo": "sha512", "os_hash_value": digest,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def look(script, folder):
    return script.bring_all(script.Catalog(), folder, ["127.0.0.1"])


def test_an_image_of_another_host_is_brought_once(cloud, script, folder):
    handler = cloud.RequestHandlerClass
    handler.images, handler.files = [image(ONE, b"disk")], {ONE: b"disk"}
    assert look(script, folder) is True
    assert (folder / ONE).read_bytes() == b"disk"
    handler.files = {}  # nothing is asked for again
    assert look(script, folder) is True
    assert handler.asked[0]["auth"]["identity"]["password"]["user"]["password"] == "50%off"


@pytest.mark.parametrize("files", [{}, {ONE: b"half"}], ids=["nobody has it", "other bytes"])
def test_what_does_not_come_whole_is_not_there(cloud, script, folder, files):
    handler = cloud.RequestHandlerClass
    handler.images, handler.files = [image(ONE, b"disk")], files
    assert look(script, folder) is False
    assert list(folder.iterdir()) == []


def test_a_file_of_another_size_is_replaced_and_an_upload_is_left_alone(cloud, script, folder):
    handler = cloud.RequestHandlerClass
    handler.images = [image(ONE, b"disk"), image(OTHER, b"", status="saving")]
    handler.files = {ONE: b"disk"}
    (folder / ONE).write_bytes(b"di")
    (folder / OTHER).write_bytes(b"coming")
    assert look(script, folder) is True
    assert (folder / ONE).read_bytes() == b"disk"
    assert (folder / OTHER).read_bytes() == b"coming"


def test_what_was_deleted_goes_and_other_files_stay(cloud, script, folder):
    cloud.RequestHandlerClass.images = []
    for name in (ONE, "note"):
        (folder / name).write_bytes(b"x")
    assert look(script, folder) is True
    assert [one.name for one in folder.iterdir()] == ["note"]


def test_a_catalog_that_fails_removes_nothing(cloud, script, folder):
    (folder / ONE).write_bytes(b"x")
    cloud.RequestHandlerClass.do_GET = lambda self: self._say(503, b"")
    with pytest.raises(OSError, match="503"):
        look(script, folder)
    assert (folder / ONE).exists()
