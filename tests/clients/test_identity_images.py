# SPDX-License-Identifier: Apache-2.0
"""Unmodified openstackclient, openstacksdk and keystonemiddleware against identity and images."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import uuid
from pathlib import Path

import openstack.exceptions
import pytest
from keystonemiddleware import auth_token
from webtest import TestApp

from nova_appliance.embedded.tokens import Claims, Tokens, new_audit_id

QCOW2 = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 0, 0, 16, 1 << 30).ljust(104, b"\0")


def test_token_issue_and_catalog(cloud):
    token = cloud.run("token issue -f json")
    assert token["project_id"]
    assert len(token["id"]) > 100
    catalog = {row["Type"]: row["Endpoints"] for row in cloud.run("catalog list -f json")}
    assert set(catalog) == set(cloud.settings.catalog)
    assert str(cloud.settings.image_port) in json.dumps(catalog["image"])


def test_the_installed_command_finds_its_cloud(cloud):
    program = Path(sys.executable).with_name("openstack")
    done = subprocess.run(
        [program, "--os-cloud", "demo", "token", "issue", "-f", "value", "-c", "project_id"],
        env=os.environ | {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == cloud.connect("demo").current_project_id


def test_projects_and_users_by_command(cloud):
    project = cloud.run("project create --description two-words -f json lab")
    assert cloud.run("project show lab -f json")["id"] == project["id"]
    user = cloud.run("user create --project lab --password s3cret --email a@b.c -f json ann")
    assert user["default_project_id"] == project["id"]
    cloud.run("role add --user ann --project lab member")
    names = {row["Name"] for row in cloud.run("user list -f json")}
    assert {"admin", "demo", "nova", "glance", "neutron", "cinder", "ann"} <= names
    held = cloud.run("role assignment list --user ann --names -f json")
    assert [(row["Role"], row["Project"]) for row in held] == [("member", "lab@Default")]
    cloud.run("user set --password other --disable ann")
    assert cloud.run("user show ann -f json")["enabled"] is False
    cloud.run("role remove --user ann --project lab member")
    cloud.run("user delete ann")
    cloud.run("project delete lab")
    assert "lab" not in {row["Name"] for row in cloud.run("project list -f json")}


@pytest.mark.parametrize(
    "words",
    [
        "role list",
        "implied role list",
        "service list",
        "endpoint list",
        "region list",
        "domain list",
        "role assignment list --effective",
        "role assignment list --system all",
    ],
)
def test_lists_by_command(cloud, words):
    assert cloud.run(f"{words} -f json")


def test_a_member_sees_only_what_is_its_own(cloud):
    assert cloud.run("project list --my-projects -f json", cloud="demo")[0]["Name"] == "demo"
    assert "403" in cloud.run("user list", cloud="demo", fails=True)
    assert "403" in cloud.run("user create eve", cloud="demo", fails=True)
    demo = cloud.connect("demo")
    assert demo.identity.get_user(demo.current_user_id).name == "demo"


def test_ec2_credentials_by_command(cloud):
    made = cloud.run("ec2 credentials create -f json", cloud="demo")
    access = made["access"]
    assert [row["Access"] for row in cloud.run("ec2 credentials list -f json", cloud="demo")] == [
        access
    ]
    shown = cloud.run(f"ec2 credentials show {access} -f json", cloud="demo")
    assert shown["secret"] == made["secret"]
    cloud.run(f"ec2 credentials delete {access}", cloud="demo")
    assert cloud.run("ec2 credentials list -f json", cloud="demo") == []


def test_application_credential_opens_the_cloud(cloud):
    made = cloud.run("application credential create --role member -f json prog", cloud="demo")
    auth = {
        "auth_url": cloud.settings.identity_url,
        "application_credential_id": made["ID"],
        "application_credential_secret": made["Secret"],
    }
    program = openstack.connect(
        auth_type="v3applicationcredential", auth=auth, region_name="RegionOne"
    )
    assert program.current_project_id == cloud.connect("demo").current_project_id
    assert isinstance(list(program.image.images()), list)
    cloud.run("application credential delete prog", cloud="demo")
    with pytest.raises(openstack.exceptions.SDKException, match="401"):
        openstack.connect(
            auth_type="v3applicationcredential", auth=auth, region_name="RegionOne"
        ).authorize()


def test_images_by_command(cloud, tmp_path):
    data = QCOW2 + os.urandom(3_000_000)
    disk = tmp_path / "tiny.qcow2"
    disk.write_bytes(data)
    made = cloud.run(
        f"image create --disk-format qcow2 --file {disk} --min-ram 64 --public"
        " --property hw_rng_model=virtio --tag small -f json tiny"
    )
    shown = cloud.run("image show tiny -f json", cloud="demo")
    assert shown["status"] == "active"
    assert shown["size"] == len(data)
    assert shown["checksum"] == hashlib.md5(data).hexdigest()
    assert shown["properties"]["os_hash_value"] == hashlib.sha512(data).hexdigest()
    assert shown["properties"]["hw_rng_model"] == "virtio"
    assert shown["tags"] == ["small"]
    listed = cloud.run("image list --long -f json", cloud="demo")
    assert made["id"] in {row["ID"] for row in listed}
    cloud.run(f"image save --file {tmp_path / 'back'} tiny", cloud="demo")
    assert (tmp_path / "back").read_bytes() == data
    cloud.run("image set --name tiny2 --property os_distro=none --tag more --min-disk 1 tiny")
    cloud.run("image unset --property hw_rng_model --tag small tiny2")
    shown = cloud.run("image show tiny2 -f json")
    assert shown["tags"] == ["more"]
    assert shown["properties"]["os_distro"] == "none"
    assert "hw_rng_model" not in shown["properties"]
    assert "403" in cloud.run("image delete tiny2", cloud="demo", fails=True)
    cloud.run("image set --protected tiny2")
    assert "protected" in cloud.run("image delete tiny2", fails=True)
    cloud.run("image set --unprotected --deactivate tiny2")
    assert cloud.run("image show tiny2 -f json")["status"] == "deactivated"
    cloud.run("image delete tiny2")
    assert not (cloud.settings.state_dir / "images" / made["id"]).exists()


def test_images_by_sdk(cloud, tmp_path):
    image = cloud.connect("demo").image
    data = os.urandom(5_000_000)
    made = image.create_image(
        "plain", data=data, disk_format="raw", container_format="bare", wait=True
    )
    assert image.get_image(made.id).virtual_size == len(data)
    assert image.download_image(made.id).content == data
    with pytest.raises(openstack.exceptions.ConflictException):
        openstack.exceptions.raise_from_response(made.upload(image, data=b"again"))
    imported = image.create_image(
        "imported", data=data, disk_format="raw", container_format="bare", use_import=True
    )
    assert image.get_image(imported.id).status == "active"
    assert cloud.connect("admin").image.find_image(made.id).owner == made.owner
    for name in ("a", "b", "c"):
        image.create_image(f"page-{name}", disk_format="raw", container_format="bare", tags=["p"])
    pages = list(image.images(limit=2, tag="p", sort="name:asc"))
    assert [page.name for page in pages] == ["page-a", "page-b", "page-c"]
    for one in image.images():
        image.delete_image(one)
    assert list(image.images()) == []
    with pytest.raises(openstack.exceptions.NotFoundException):
        image.get_image(made.id)


def test_an_image_that_lies_is_refused_and_leaves_nothing(cloud, tmp_path):
    image = cloud.connect("demo").image
    backed = bytearray(QCOW2)
    struct.pack_into(">Q", backed, 8, 104)
    for fmt, data in (("qcow2", b"no qcow2 at all" * 100), ("qcow2", backed), ("raw", QCOW2)):
        with pytest.raises(openstack.exceptions.HttpException) as refused:
            image.create_image("liar", data=bytes(data), disk_format=fmt, container_format="bare")
        assert refused.value.status_code == 415
    assert image.find_image("liar") is None


@pytest.fixture
def guarded(cloud):
    def show(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        seen = {
            name: environ.get(f"HTTP_X_{name}", "") for name in ("USER_ID", "PROJECT_ID", "ROLES")
        }
        return [json.dumps(seen).encode()]

    conf = {
        "www_authenticate_uri": cloud.settings.identity_url,
        "auth_url": cloud.settings.identity_url,
        "auth_type": "password",
        "username": "nova",
        "password": cloud.secrets.service_passwords["nova"],
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "service_token_roles_required": "true",
        "memcache_security_strategy": "None",
        "token_cache_time": "-1",
    }
    return TestApp(auth_token.AuthProtocol(show, conf))


def test_auth_token_middleware_judges_tokens(cloud, guarded):
    demo = cloud.connect("demo")
    good = demo.auth_token
    seen = guarded.get("/", headers={"X-Auth-Token": good}).json
    assert seen["PROJECT_ID"] == demo.current_project_id
    assert set(seen["ROLES"].split(",")) == {"member", "reader"}
    tokens = Tokens(cloud.settings)
    late = tokens.now() - 10
    claims = Claims(
        demo.current_user_id,
        ("password",),
        "project",
        demo.current_project_id,
        late - 3600,
        late,
        (new_audit_id(),),
    )
    for bad in ("", "garbage", uuid.uuid4().hex, good[:-3] + "AAA", tokens.seal(claims)):
        answer = guarded.get("/", headers={"X-Auth-Token": bad}, status=401)
        assert cloud.settings.identity_url in answer.headers["WWW-Authenticate"]


def test_a_revoked_token_is_refused_everywhere(cloud, guarded):
    demo = cloud.connect("demo")
    token = demo.auth_token
    assert demo.image.get("/images").status_code == 200
    demo.identity.delete("/auth/tokens", headers={"X-Subject-Token": token})
    guarded.get("/", headers={"X-Auth-Token": token}, status=401)
    answer = cloud.connect("admin").session.get(
        f"{cloud.settings.image_url}/v2/images",
        authenticated=False,
        headers={"X-Auth-Token": token},
        raise_exc=False,
    )
    assert answer.status_code == 401
