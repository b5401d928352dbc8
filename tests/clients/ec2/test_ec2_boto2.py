# SPDX-License-Identifier: Apache-2.0
"""boto 2.49, of 2018: old wire, old versions, Signature Version 2."""

import urllib.parse

import boto
import pytest
from boto.auth import QuerySignatureV2AuthHandler
from boto.ec2.connection import EC2Connection
from boto.ec2.regioninfo import RegionInfo
from boto.exception import EC2ResponseError

from nova_appliance.common.clock import wait_for


class WithVersion2(EC2Connection):
    def _required_auth_capability(self):
        return ["ec2"]


class WithVersion4(EC2Connection):
    pass


@pytest.fixture(params=[WithVersion2, WithVersion4])
def connection(request, keys):
    where = urllib.parse.urlsplit(keys.url)
    region = RegionInfo(name=keys.region, endpoint=where.hostname)
    return request.param(
        keys.access, keys.secret, is_secure=False, region=region, port=where.port, path="/"
    )


def test_it_is_the_old_one_and_signs_both_ways(connection):
    assert boto.__version__ == "2.49.0"
    is_old = isinstance(connection._auth_handler, QuerySignatureV2AuthHandler)
    assert is_old == isinstance(connection, WithVersion2)


@pytest.mark.parametrize("version", ["2009-11-30", "2014-10-01"])
def test_the_life_of_an_instance(connection, version):
    connection.APIVersion = version
    (image,) = connection.get_all_images()
    key = connection.create_key_pair("old")
    call = image.run(instance_type="m1.tiny", key_name="old", user_data="#!/bin/sh\n")
    (instance,) = call.instances
    assert instance.state in ("pending", "running")
    assert wait_for(lambda: instance.update() == "running", 40, every_s=0.3)
    assert instance.private_ip_address.startswith("10.30.")
    instance.add_tag("Name", "old & <new>")
    assert connection.get_all_tags({"resource-id": instance.id})[0].value == "old & <new>"
    assert "started" in instance.get_console_output().output.decode()
    instance.stop()
    assert wait_for(lambda: instance.update() == "stopped", 40, every_s=0.3)
    instance.start()
    assert wait_for(lambda: instance.update() == "running", 40, every_s=0.3)
    assert instance.reboot() is True
    assert connection.get_all_instance_status([instance.id])[0].state_name == "running"
    instance.terminate()
    assert wait_for(lambda: instance.update() == "terminated", 40, every_s=0.3)
    assert key.delete()


def test_groups_in_the_flat_form(connection):
    made = connection.create_security_group("flat", "of the test")
    assert made.authorize("tcp", 80, 80, "192.0.2.0/24")
    assert connection.authorize_security_group("flat", src_security_group_name="flat")
    (group,) = connection.get_all_security_groups(["flat"])
    assert sorted(rule.ip_protocol for rule in group.rules) == ["-1", "tcp"]
    assert group.revoke("tcp", 80, 80, "192.0.2.0/24")
    assert group.delete()


def test_an_error_is_read(connection):
    with pytest.raises(EC2ResponseError) as caught:
        connection.get_all_reserved_instances()
    assert (caught.value.status, caught.value.error_code) == (400, "UnsupportedOperation")
    with pytest.raises(EC2ResponseError) as caught:
        connection.get_all_instances(["i-12345678"])
    assert caught.value.error_code == "InvalidInstanceID.NotFound"


def test_a_wrong_secret_is_refused(connection, keys):
    connection._auth_handler.update_provider(
        boto.provider.Provider("aws", keys.access + "x", "wrong")
    )
    with pytest.raises(EC2ResponseError) as caught:
        connection.get_all_zones()
    assert (caught.value.status, caught.value.error_code) == (401, "AuthFailure")
