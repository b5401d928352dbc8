# SPDX-License-Identifier: Apache-2.0
"""A client that asks the Compute API all the while, and tells at the end how many requests failed.

usage: steady_client.py CLOUDS_YAML STOP_FILE SERVER: asks until STOP_FILE is there; prints JSON. What is asked of
SERVER is answered by its nova-compute, so that a daemon of either release must understand the other.
"""

from __future__ import annotations

import collections
import json
import sys
import time
from pathlib import Path

import openstack.config
import openstack.connection

PAUSE_S = 0.1
SHOWN = 10


def main(argv: list[str]) -> int:
    """0 when no request failed."""
    config = openstack.config.OpenStackConfig(config_files=[argv[1]], load_envvars=False)
    cloud = openstack.connection.Connection(config=config.get_one("appliance"))
    ask = Asked(cloud.compute)
    stop, server = Path(argv[2]), f"/servers/{argv[3]}"
    number = 0
    while not stop.exists():
        ask("GET", "/servers/detail")
        ask("GET", "/flavors/detail")
        ask("GET", server)
        ask("POST", f"{server}/action", json={"os-getConsoleOutput": {"length": 5}})
        key = {"keypair": {"name": f"steady-{number}"}}
        ask("POST", "/os-keypairs", json=key)
        ask("DELETE", f"/os-keypairs/steady-{number}")
        number += 1
        time.sleep(PAUSE_S)
    print(json.dumps({"asked": ask.count, "failed": len(ask.failed), **ask.told()}))
    return int(bool(ask.failed))


class Asked:
    """Sends each request once, so that nothing is hidden by trying again."""

    def __init__(self, api: object) -> None:
        self._api = api
        self.count = 0
        self.failed: list[str] = []
        self._slowest_s = 0.0

    def __call__(self, method: str, path: str, **body: object) -> None:
        """One request; what is not an answer below 400 is a failure."""
        began = time.monotonic()
        self.count += 1
        try:
            answer = self._api.request(path, method, raise_exc=False, connect_retries=0, **body)
            if answer.status_code >= 400:
                self.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        except Exception as error:  # noqa: BLE001 - whatever it is, a user saw it
            self.failed.append(f"{method} {path}: {error}")
        self._slowest_s = max(self._slowest_s, time.monotonic() - began)

    def told(self) -> dict[str, object]:
        """What failed, by sentence, and the longest wait."""
        common = collections.Counter(self.failed).most_common(SHOWN)
        return {"slowest_s": round(self._slowest_s, 2), "failures": dict(common)}


if __name__ == "__main__":
    sys.exit(main(sys.argv))
