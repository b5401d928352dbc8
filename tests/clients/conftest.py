# SPDX-License-Identifier: Apache-2.0
"""A small cloud of miniature services on private loopback ports, for unmodified clients."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest

from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import app as identity_app
from nova_appliance.embedded.identity import seed
from nova_appliance.embedded.images import app as images_app
from nova_appliance.embedded.settings import Settings

IMAGE_LIMIT = 64 * 1024 * 1024


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
        program = Path(sys.executable).with_name("openstack")
        env = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        env |= {"OS_CLIENT_CONFIG_FILE": str(self.clouds_yaml)}
        done = subprocess.run(
            [str(program), "--os-cloud", cloud, *words.split()],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert (done.returncode != 0) == fails, f"openstack {words}: {done.stdout}{done.stderr}"
        if fails:
            return done.stderr
        return json.loads(done.stdout) if "-f json" in words else done.stdout


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state_dir = tmp_path_factory.mktemp("cloud")
    with contextlib.ExitStack() as stack:
        listeners = [Listener(stack), Listener(stack)]
        settings = Settings(
            state_dir,
            identity_port=listeners[0].port,
            image_port=listeners[1].port,
            image_limit_bytes=IMAGE_LIMIT,
        )
        seed.seed(settings)
        listeners[0].app = identity_app.make_app(settings)
        listeners[1].app = images_app.make_app(settings)
        yield Cloud(settings, write_clouds_yaml(settings))


class Listener:
    """A server on a free port whose application is given afterwards, when all ports are known."""

    def __init__(self, stack: contextlib.ExitStack, body_limit: int = 2 * IMAGE_LIMIT) -> None:
        self.app: Callable[..., Any] | None = None
        server = web.make_server(self._answer, "127.0.0.1", 0, body_limit=body_limit)
        self.port = int(server.effective_port)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        stack.callback(thread.join, 10)
        stack.callback(server.task_dispatcher.shutdown)
        stack.callback(server.close)

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
