# SPDX-License-Identifier: Apache-2.0
"""Pause, suspend and images of servers through the API of a whole cloud, by openstacksdk."""

import subprocess

import openstack.exceptions
import pytest
from fixtures.cloud_seed import server_body
from fixtures.daemons import script


@pytest.fixture
def compute(cloud):
    return cloud.connect().compute


@pytest.fixture
def server(cloud, compute):
    found = compute.create_server(**_sdk_words(server_body(cloud, "one")))
    compute.wait_for_server(found, interval=0.1, wait=180)
    yield found
    compute.delete_server(found)
    compute.wait_for_delete(found, interval=0.1, wait=180)


def _sdk_words(body):
    return {
        "name": body["name"],
        "image_id": body["imageRef"],
        "flavor_id": body["flavorRef"],
        "networks": body["networks"],
    }


@pytest.mark.parametrize(
    ("away", "status", "back", "names"),
    [
        ("pause_server", "PAUSED", "unpause_server", {"pause", "unpause"}),
        ("suspend_server", "SUSPENDED", "resume_server", {"suspend", "resume"}),
    ],
)
def test_a_server_is_held_and_goes_on(compute, server, away, status, back, names):
    getattr(compute, away)(server)
    compute.wait_for_server(server, status, interval=0.1, wait=180)
    with pytest.raises(openstack.exceptions.ConflictException, match="vm_state"):
        getattr(compute, away)(server)
    getattr(compute, back)(server)
    compute.wait_for_server(server, interval=0.1, wait=180)
    recorded = {action.action for action in compute.server_actions(server)}
    assert recorded == names | {"create"}


def test_an_image_of_a_server_is_a_projects_image_and_boots(cloud, compute, server):
    images = cloud.connect().image
    made = compute.create_server_image(server, "copy", metadata={"mine": "yes"})
    image = images.wait_for_status(made, "active", interval=0.1, wait=180)
    assert (image.name, image.visibility) == ("copy", "private")
    assert image.owner == cloud.connect().current_project_id
    facts = image.properties
    assert facts["image_type"] == "snapshot"
    assert facts["mine"] == "yes"
    assert facts["base_image_ref"] == cloud.wanted["image_id"]
    assert image.instance_uuid == server.id
    compute.wait_for_server(server, interval=0.1, wait=180)
    words = {**_sdk_words(server_body(cloud, "clone")), "image_id": image.id}
    clone = compute.create_server(**words)
    compute.wait_for_server(clone, interval=0.1, wait=180)
    compute.delete_server(clone)
    compute.wait_for_delete(clone, interval=0.1, wait=180)
    images.delete_image(image.id)


def test_where_the_image_is_stands_in_the_location_before_2_45(compute, server, cloud):
    url, body = f"/servers/{server.id}/action", {"createImage": {"name": "old"}}
    old = compute.post(url, json=body, microversion="2.1")
    assert (old.status_code, old.content) == (202, b"")
    image_id = old.headers["Location"].rpartition("/")[2]
    images = cloud.connect().image
    images.wait_for_status(images.get_image(image_id), "active", interval=0.1, wait=180)
    compute.wait_for_server(server, interval=0.1, wait=180)
    images.delete_image(image_id)


def test_the_doctor_beside_the_cloud_finds_nothing(cloud, server):
    """It asks the cloud's own process what is on the host."""
    conf = cloud.settings.state_dir / "nova.conf"
    argv = [str(script("nova-manage")), "--config-file", str(conf), "doctor"]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=180, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout == "Nothing was found.\n"
