# SPDX-License-Identifier: Apache-2.0
"""A small cloud of miniature services on private loopback ports, for unmodified clients."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from fixtures.openstack_cli import run_openstack

from nova_appliance.cmd.http import HttpServer
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.identity import app as identity_app
from nova_appliance.embedded.identity import seed, tables
from nova_appliance.embedded.images import app as images_app
from nova_appliance.embedded.networks import app as networks_app
from nova_appliance.embedded.networks import seed as networks_seed
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.volumes import app as volumes_app

IMAGE_LIMIT = 64 * 1024 * 1024
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file share a cloud, so one process runs them; files go side by side."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@dataclasses.dataclass(frozen=True)
class Cloud:
    """What tests need to know of a running cloud."""

    settings: Settings
    clouds_yaml: Path

    @property
    def secrets(self) -> settings_.Secrets:
        return settings_.secrets(self.settings)

    def connect(self, name: str, **more: Any) -> openstack.connection.Connection:
        config = openstack.config.OpenStackConfig(config_files=[str(self.clouds_yaml)])
        return openstack.connection.Connection(config=config.get_one(cloud=name, **more))

    def run(self, words: str, *, cloud: str = "admin", fails: bool = False) -> Any:
        """Run the `openstack` command; returns its JSON, or its standard error when it `fails`."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        env |= {"OS_CLIENT_CONFIG_FILE": str(self.clouds_yaml)}
        code, out, err = run_openstack(["--os-cloud", cloud, *words.split()], env)
        assert (code != 0) == fails, f"openstack {words}: {out}{err}"
        if fails:
            return err
        return json.loads(out) if "-f json" in words else out


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state_dir = tmp_path_factory.mktemp("cloud")
    with contextlib.ExitStack() as stack:
        listeners = [Listener(stack) for _ in range(4)]
        settings = Settings(
            state_dir,
            identity_port=listeners[0].port,
            image_port=listeners[1].port,
            network_port=listeners[2].port,
            volume_port=listeners[3].port,
            image_limit_bytes=IMAGE_LIMIT,
        )
        seed.seed(settings)
        listeners[0].app = identity_app.make_app(settings)
        listeners[1].app = images_app.make_app(settings)
        listeners[2].app = networks_app.make_app(settings)
        listeners[3].app = volumes_app.make_app(settings)
        networks_seed.seed(settings, admin_project(settings))
        yield Cloud(settings, write_clouds_yaml(settings))


def admin_project(settings: Settings) -> str:
    row = tables.open_store(settings).one("SELECT id FROM projects WHERE name = 'admin'")
    assert row is not None
    return str(row["id"])


class Listener:
    """A server on a free port whose application is given afterwards, when all ports are known."""

    def __init__(self, stack: contextlib.ExitStack, body_limit: int = 2 * IMAGE_LIMIT) -> None:
        self.app: Callable[..., Any] | None = None
        server = HttpServer(self._answer, "127.0.0.1", 0, body_limit=body_limit)
        self.port = server.port
        server.start()
        stack.callback(server.stop)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None
        return self.app(environ, start_response)


def write_clouds_yaml(settings: Settings) -> Path:
    secrets = settings_.secrets(settings)
    people = {
        "admin": ("admin", secrets.admin_password),
        "demo": ("demo", secrets.demo_password),
        "nova": ("service", secrets.service_passwords["nova"]),
    }
    clouds = {
        user: {
            "region_name": settings.region,
            "identity_api_version": 3,
            "auth": {
                "auth_url": settings.identity_url,
                "username": user,
                "password": password,
                "project_name": project,
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
        }
        for user, (project, password) in people.items()
    }
    path = settings.state_dir / "clouds.yaml"
    path.write_text(json.dumps({"clouds": clouds}))  # JSON is YAML
    return path
