# SPDX-License-Identifier: Apache-2.0
"""How the tests of servers ask: any path at any microversion, and what is read out of answers."""

from __future__ import annotations

from typing import Any


def ask(
    connection: Any, method: str, path: str, version: str = "2.1", **more: Any
) -> tuple[int, Any]:
    answer = connection.compute.request(path, method, microversion=version, **more)
    return answer.status_code, answer.json() if answer.content else None


def do(connection: Any, server: Any, version: str = "2.1", **action: Any) -> tuple[int, Any]:
    return ask(connection, "POST", f"/servers/{server.id}/action", version, json=action)


def sentence(answer: tuple[int, Any], status: int) -> str:
    assert answer[0] == status, answer
    ((_, inner),) = answer[1].items()
    assert inner["code"] == status
    return str(inner["message"])


def shown(connection: Any, server: Any) -> dict[str, str]:
    """Address > kind."""
    data = ask(connection, "GET", f"/servers/{server.id}")[1]["server"]["addresses"]
    return {one["addr"]: one["OS-EXT-IPS:type"] for many in data.values() for one in many}
