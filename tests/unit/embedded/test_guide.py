# SPDX-License-Identifier: Apache-2.0
"""The files that clients read."""

from __future__ import annotations

import stat
import subprocess

import pytest
import yaml

from nova_appliance.embedded import guide
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.settings import Settings


@pytest.fixture
def settings(tmp_path):
    settings = Settings(tmp_path, identity_port=5999)
    guide.write(settings)
    return settings


def test_clouds_yaml_is_what_the_sdk_reads(settings):
    clouds = yaml.safe_load(guide.clouds_yaml(settings).read_text())["clouds"]
    assert set(clouds) == {"nova-appliance", "nova-appliance-demo"}
    auth = clouds["nova-appliance"]["auth"]
    assert auth["auth_url"] == "http://127.0.0.1:5999/v3"
    assert auth["password"] == settings_.secrets(settings).admin_password
    demo = clouds["nova-appliance-demo"]["auth"]
    assert (demo["username"], demo["project_name"]) == ("demo", "demo")


def test_openrc_is_what_a_shell_reads(settings):
    script = f'. {settings.state_dir}/openrc; echo "$OS_PASSWORD $OS_AUTH_URL $OS_REGION_NAME"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    password = settings_.secrets(settings).admin_password
    assert done.stdout.split() == [password, "http://127.0.0.1:5999/v3", "RegionOne"]


def test_passwords_are_for_their_owner_only(settings):
    for name in ("clouds.yaml", "openrc"):
        assert stat.S_IMODE((settings.state_dir / name).stat().st_mode) == 0o600


def test_the_last_page_names_what_was_written(settings):
    page = guide.page(settings, "10.20.0.9")
    for word in ("5999", "10.20.0.9", str(guide.clouds_yaml(settings)), "server create"):
        assert word in page
