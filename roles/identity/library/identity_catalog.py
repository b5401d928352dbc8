# SPDX-License-Identifier: Apache-2.0
"""Ansible module: services, endpoints, roles and service users of Keystone v3, as they should be.

Called by the role identity. It adds and mends; it never removes what others made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

INTERFACES = ("public", "internal", "admin")
NOT_YET = (502, 503, 504)
"""What a load balancer says that has not noticed yet that Keystone runs."""
PATIENCE_S = 60.0
PAUSE_S = 1.0
PROJECT = "service"
DOMAIN = "default"
ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "admin_password": {"type": "str", "required": True, "no_log": True},
    "region": {"type": "str", "default": "RegionOne"},
    "services": {"type": "list", "elements": "dict", "default": []},
    "users": {"type": "list", "elements": "dict", "default": [], "no_log": True},
    "implied_roles": {"type": "list", "elements": "dict", "default": []},
    "ca_file": {"type": "str", "default": ""},
}

Ask = Callable[..., Any]


class Refused(Exception):
    """Keystone said no: what was asked, its status and its sentence."""

    def __init__(self, what: str, status: int, sentence: str) -> None:
        super().__init__(f"Keystone answered {status} to {what}: {sentence}")
        self.status = status


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    given = module.params
    keystone = Keystone(given["url"], given["ca_file"] or None)
    try:
        log_in_soon(keystone, given["admin_password"])
        changes = bring_in_line(keystone, given, dry=module.check_mode)
    except (Refused, URLError, OSError) as error:
        if module.check_mode and not isinstance(error, Refused):
            module.exit_json(changed=True, changes=["all, once Keystone runs"])
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(changes), changes=changes)


def log_in_soon(keystone: Keystone, password: str) -> None:
    """Log in as admin, and wait for a load balancer to notice Keystone. Raises Refused."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            keystone.log_in("admin", password, "admin")
        except Refused as error:
            if error.status not in NOT_YET or time.monotonic() >= until_s:
                raise
            time.sleep(PAUSE_S)
        else:
            return


class Keystone:
    """One Keystone, spoken to with a token."""

    def __init__(self, url: str, ca_file: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._token = ""

    def log_in(self, user: str, password: str, project: str) -> None:
        """Take a token. Raises Refused (401) when the password is another one."""
        domain = {"id": DOMAIN}
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": user, "domain": domain, "password": password}},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
        self._token = self._send("POST", "/auth/tokens", body)[0]["x-subject-token"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON of the answer, {} when there is none. Raises Refused."""
        return self._send(method, path, body)[1]

    def find(self, noun: str, **where: str) -> dict[str, Any] | None:
        """The first of a list that is filtered by its query; None when there is none."""
        found: list[dict[str, Any]] = self.ask("GET", f"/{noun}?{urlencode(where)}")[noun]
        return found[0] if found else None

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token and path != "/auth/tokens":
            headers["X-Auth-Token"] = self._token
        data = None if body is None else json.dumps(body)
        try:
            answer = open_url(
                self._url + path, data=data, headers=headers, method=method, timeout=60,
                ca_path=self._ca_file,
            )  # fmt: skip
        except HTTPError as error:
            raise Refused(f"{method} {path}", error.code, _sentence(error)) from error
        text = answer.read()
        known = {name.lower(): value for name, value in answer.headers.items()}
        return known, json.loads(text) if text else {}


def bring_in_line(keystone: Keystone, given: dict[str, Any], *, dry: bool) -> list[str]:
    """Do what is missing, in order; returns what was done, or would be when `dry`."""
    changes: list[str] = []

    def change(sentence: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        changes.append(sentence)
        return None if dry else keystone.ask(method, path, body)

    for service in given["services"]:
        _service(keystone, change, service, given["region"])
    if given["users"]:
        project = _project(keystone, change)
        for user in given["users"]:
            _user(keystone, change, user, project)
    for pair in given["implied_roles"]:
        _implied(keystone, change, pair["role"], pair["implies"])
    return changes


def _service(keystone: Keystone, change: Ask, wanted: dict[str, Any], region: str) -> None:
    facts = {"name": wanted["name"], "type": wanted["type"]}
    found = keystone.find("services", **facts)
    if found is None:
        body = {"service": {**facts, "description": wanted.get("description", "")}}
        made = change(f"service {wanted['name']}", "POST", "/services", body)
        found = made and made["service"]
    for interface in INTERFACES:
        place = {"interface": interface, "region_id": region}
        sentence = f"{interface} endpoint of {wanted['name']}"
        if found is None:
            change(sentence, "POST", "/endpoints")
            continue
        endpoint = keystone.find("endpoints", service_id=found["id"], **place)
        body = {"endpoint": {**place, "service_id": found["id"], "url": wanted["url"]}}
        if endpoint is None:
            change(sentence, "POST", "/endpoints", body)
        elif endpoint["url"] != wanted["url"]:
            change(sentence, "PATCH", f"/endpoints/{endpoint['id']}", body)


def _project(keystone: Keystone, change: Ask) -> dict[str, Any] | None:
    found = keystone.find("projects", name=PROJECT, domain_id=DOMAIN)
    if found is None:
        body = {"project": {"name": PROJECT, "domain_id": DOMAIN}}
        made = change(f"project {PROJECT}", "POST", "/projects", body)
        found = made and made["project"]
    return found


def _user(keystone: Keystone, change: Ask, wanted: dict[str, Any], project: Any) -> None:
    name, password = wanted["name"], wanted["password"]
    found = keystone.find("users", name=name, domain_id=DOMAIN)
    if found is None:
        facts = {"name": name, "password": password, "domain_id": DOMAIN}
        made = change(f"user {name}", "POST", "/users", {"user": facts})
        found = made and made["user"]
    elif not _knows(keystone, found["id"], password):
        body = {"user": {"password": password}}
        change(f"password of {name}", "PATCH", f"/users/{found['id']}", body)
    for role in wanted.get("roles", ["service"]):
        known = _role(keystone, change, role)
        ids = [each["id"] for each in (project, found, known) if each]
        path = "/projects/{}/users/{}/roles/{}".format(*ids) if len(ids) == 3 else ""
        if not path or not _holds(keystone, path):  # without ids nothing is made: a dry run
            change(f"role {role} of {name}", "PUT", path)


def _implied(keystone: Keystone, change: Ask, role: str, implies: str) -> None:
    both = (_role(keystone, change, role), _role(keystone, change, implies))
    ids = [each["id"] for each in both if each]
    path = "/roles/{}/implies/{}".format(*ids) if len(ids) == 2 else ""
    if not path or not _holds(keystone, path):
        change(f"role {role} implies {implies}", "PUT", path)


def _role(keystone: Keystone, change: Ask, name: str) -> dict[str, Any] | None:
    found = keystone.find("roles", name=name)
    if found is None:
        made = change(f"role {name}", "POST", "/roles", {"role": {"name": name}})
        found = made and made["role"]
    return found


def _knows(keystone: Keystone, user_id: str, password: str) -> bool:
    """Whether that is the user's password: Keystone is asked for a token without a project."""
    user = {"id": user_id, "password": password}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    try:
        keystone.ask("POST", "/auth/tokens", body)
    except Refused as error:
        if error.status == 401:
            return False
        raise
    return True


def _holds(keystone: Keystone, path: str) -> bool:
    try:
        keystone.ask("HEAD", path)
    except Refused as error:
        if error.status == 404:
            return False
        raise
    return True


def _sentence(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return error.reason


if __name__ == "__main__":
    main()
