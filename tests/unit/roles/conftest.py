# SPDX-License-Identifier: Apache-2.0
"""What variables come to on a host of an inventory, and what templates of roles make of them."""

import dataclasses
import functools
import json
import sys
from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager

ROOT = Path(__file__).parents[3]
FACTS = ROOT / "playbooks" / "group_vars" / "all.yml"
HOSTS = (ROOT / "inventories" / "example" / "hosts.yml").read_text()


@dataclasses.dataclass(frozen=True)
class Rendering:
    """One inventory with its settings and secrets."""

    loader: DataLoader
    manager: VariableManager
    inventory: InventoryManager
    settings: dict

    def on(self, host, **more):
        """The variables of one host, as a playbook sees them, and `more` above them."""
        hosts = {one.name: self.manager.get_vars(host=one) for one in self.inventory.get_hosts()}
        known = {**hosts[host], "hostvars": hosts}
        return Templar(self.loader, {**_facts(), **known, **self.settings, **_trusted(more)})

    def ask(self, host, *names, **more):
        """What some of the variables come to."""
        templar = self.on(host, **more)
        found = [templar.template(trust_as_template(f"{{{{ {name} }}}}")) for name in names]
        return found if len(names) > 1 else found[0]


@functools.cache
def _facts():
    """Those of the playbooks, and what is so in every run that changes something."""
    facts = DataLoader().load_from_file(str(FACTS), trusted_as_template=True)
    return {**facts, "ansible_check_mode": False, "ansible_playbook_python": sys.executable}


@functools.cache
def _example():
    return yaml.safe_load((ROOT / "inventories/example/group_vars/all.yml").read_text())


@functools.cache
def _plugins():
    init_plugin_loader()


def _trusted(value):
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {name: _trusted(one) for name, one in value.items()}
    return [_trusted(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def rendering(tmp_path_factory):
    """Makes a Rendering of settings beside those of the example."""
    _plugins()

    def make(hosts=HOSTS, **settings):
        folder = tmp_path_factory.mktemp("rendering")
        (folder / "hosts.yml").write_text(hosts)
        names = _facts()["appliance_secret_names"]
        secrets = {str(name): f"pw-{name.replace('_', '-')}" for name in names}
        (folder / "secrets.yml").write_text(json.dumps(secrets))
        loader = DataLoader()
        inventory = InventoryManager(loader, sources=[str(folder / "hosts.yml")])
        manager = VariableManager(loader, inventory)
        given = _example() | {"appliance_secrets_dir": str(folder)} | settings
        return Rendering(loader, manager, inventory, given)

    return make
