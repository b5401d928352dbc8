# SPDX-License-Identifier: Apache-2.0
"""The old proxies to images and networks, over neighbours that answer from memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fixtures.compute_api import ADMIN, FOREIGNER, PROJECT, USER, ComputeApi, make_compute_api

from nova_appliance.clients import images, network_nouns
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

IMAGE, NETWORK = "11111111-2222-4333-8444-000000000001", "11111111-2222-4333-8444-000000000002"
SERVER = "11111111-2222-4333-8444-000000000003"
RAW = {
    "id": IMAGE, "name": "tiny", "status": "active", "visibility": "private", "owner": PROJECT,
    "size": 7, "min_ram": 64, "min_disk": 1, "instance_uuid": SERVER, "auto_disk_config": "True",
    "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:06Z",
}  # fmt: skip


class Images:
    """One image; keeps what it was asked."""

    def __init__(self) -> None:
        self.raw: dict[str, Any] | None = dict(RAW)
        self.asked: Mapping[str, str] = {}

    def get(self, image_id: str, _context: object) -> images.Image:
        if self.raw is None or image_id != IMAGE:
            raise errors.NotFound(f"Image {image_id} could not be found.")
        return images.read(self.raw)

    def list_(self, _context: object, query: Mapping[str, str]) -> tuple[images.Image, ...]:
        self.asked = query
        return (self.get(IMAGE, None),)

    def delete(self, context: Any, _image_id: str) -> None:
        if context.project_id != PROJECT:
            raise errors.Forbidden("no")
        self.raw = None

    def change(
        self,
        _context: object,
        image_id: str,
        put: Mapping[str, str] | None = None,
        drop: Collection[str] = (),
    ) -> images.Image:
        raw = {**self.raw, **(put or {})} if self.raw else {}
        self.raw = {key: value for key, value in raw.items() if key not in drop}
        return self.get(image_id, None)


class Networks:
    """One network of the project."""

    row: ClassVar[dict[str, Any]] = {"id": NETWORK, "name": "private", "project_id": PROJECT}
    network = network_nouns.network(row)

    def __init__(self) -> None:
        self.rows = self

    def list_(self, context: RequestContext, plural: str) -> tuple[dict[str, Any], ...]:
        """The network service knows the caller by the token, and shows what is the caller's own."""
        assert plural == "networks"
        return (self.row,) if context.project_id == PROJECT else ()

    def get(self, network_id: str, _context: object) -> network_nouns.Network:
        if network_id != NETWORK:
            raise errors.NotFound("none")
        return self.network


@pytest.fixture
def api(tmp_path: Path) -> ComputeApi:
    return make_compute_api(tmp_path, images=Images(), networks=Networks())


def test_images(api: ComputeApi) -> None:
    (brief,) = api.get("/images", "2.35", who=USER).data["images"]
    assert set(brief) == {"id", "name", "links"}
    assert [link["rel"] for link in brief["links"]] == ["self", "bookmark", "alternate"]
    (full,) = api.get("/images/detail", who=USER).data["images"]
    assert full == api.get(f"/images/{IMAGE}", who=USER).data["image"]
    assert full["server"]["id"] == SERVER
    assert {key: full[key] for key in ("status", "progress", "minRam", "minDisk", "created")} == {
        "status": "ACTIVE",
        "progress": 100,
        "minRam": 64,
        "minDisk": 1,
        "created": "2026-01-02T03:04:05Z",
    }
    assert full["OS-EXT-IMG-SIZE:size"] == 7
    assert full["OS-DCF:diskConfig"] == "AUTO"


def test_filters_are_told_in_the_words_of_the_image_service(api: ComputeApi) -> None:
    query = (
        f"name=tiny&status=ACTIVE&server=http://x/servers/{SERVER}&type=snapshot&minRam=5"
        f"&property-os=linux&limit=1&marker={IMAGE}&what=ever"
    )
    page = api.get(f"/images?{query}").data
    assert api.cloud.images.asked == {  # type: ignore[attr-defined] - the one above
        "name": "tiny",
        "status": "active",
        "instance_uuid": SERVER,
        "image_type": "snapshot",
        "min_ram": "5",
        "os": "linux",
        "limit": "1",
        "marker": IMAGE,
    }
    assert page["images_links"][0]["rel"] == "next"
    assert api.get("/images?limit=x").status == 400
    assert api.get("/images?limit=0").status == 400


def test_deleting_images(api: ComputeApi) -> None:
    assert api.delete(f"/images/{ids.new_id()}").status == 404
    got = api.delete(f"/images/{IMAGE}", who=FOREIGNER)
    assert (got.status, got.message) == (403, "You are not allowed to delete the image.")
    assert api.delete(f"/images/{IMAGE}", who=USER).status == 204
    assert api.get(f"/images/{IMAGE}").message == "Image not found."


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/images", 35),
        ("/images/detail", 35),
        (f"/images/{IMAGE}", 35),
        (f"/images/{IMAGE}/metadata", 38),
        ("/os-networks", 35),
        (f"/os-networks/{NETWORK}", 35),
        ("/os-tenant-networks", 35),
        (f"/os-tenant-networks/{NETWORK}", 35),
    ],
)
def test_proxies_end(api: ComputeApi, path: str, last: int) -> None:
    assert api.get(path, f"2.{last}").status == 200
    assert api.get(path, f"2.{last + 1}").status == 404


def test_metadata(api: ComputeApi) -> None:
    path = f"/images/{IMAGE}/metadata"
    base = api.get(path).data["metadata"]
    assert base == {"instance_uuid": SERVER, "auto_disk_config": "True"}
    got = api.post(path, {"metadata": {"a": "1"}})
    assert got.data["metadata"] == base | {"a": "1"}
    assert api.get(f"{path}/a").data == {"meta": {"a": "1"}}
    assert api.put(f"{path}/a", {"meta": {"a": "2"}}).data == {"meta": {"a": "2"}}
    assert api.put(f"{path}/a", {"meta": {"b": "2"}}).status == 400
    assert api.put(path, {"metadata": {"only": "this"}}).data["metadata"] == {"only": "this"}
    assert api.get(path).data["metadata"] == {"only": "this"}
    assert api.delete(f"{path}/only").status == 204
    assert api.delete(f"{path}/only").message == "Invalid metadata key"
    assert api.get(f"{path}/only").status == 404
    assert api.get(f"/images/{SERVER}/metadata").status == 404
    assert api.post(path, {"metadata": {"a": 1}}).status == 400
    assert api.post(path, {"metadata": {"a/b": "1"}}).status == 400
    api.put(f"/os-quota-sets/{PROJECT}", {"quota_set": {"metadata_items": 1}})
    assert api.put(path, {"metadata": {"a": "1", "b": "2"}}).status == 403


def test_networks(api: ComputeApi) -> None:
    (shown,) = api.get("/os-networks", who=USER).data["networks"]
    assert (shown["id"], shown["label"], shown["cidr"], len(shown)) == (
        NETWORK,
        "private",
        None,
        11,
    )
    full = api.get(f"/os-networks/{NETWORK}", who=ADMIN).data["network"]
    assert len(full) == 32
    assert api.get("/os-networks", who=FOREIGNER).data == {"networks": []}
    for tree in ("os-networks", "os-tenant-networks"):
        assert api.get(f"/{tree}/{ids.new_id()}").message == "Network not found"
        assert api.get(f"/{tree}/{NETWORK}", who=FOREIGNER).status == 404
        assert api.post(f"/{tree}", {}).status == 410
        assert api.delete(f"/{tree}/{NETWORK}").status == 410


def test_tenant_networks(api: ComputeApi) -> None:
    (shown,) = api.get("/os-tenant-networks", who=USER).data["networks"]
    assert shown == {"id": NETWORK, "label": "private", "cidr": "None"}
    assert api.get(f"/os-tenant-networks/{NETWORK}", who=USER).data == {"network": shown}
