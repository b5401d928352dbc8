# SPDX-License-Identifier: Apache-2.0
"""Roles and playbooks keep the house style: sizes, a checked interface, modules over commands."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted(p for p in (ROOT / "roles").iterdir() if p.is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
FILES, TASK_LINES, MAIN_LINES, VARIABLES, HANDLERS, SCENARIO_LINES = 8, 80, 60, 40, 3, 25
BIGGER = {
    # how many files it may have, templates and all, and why they are more than eight
    "backup": (12, "it goes both ways, one file a play"),
    "certificates": (14, "issuing, bringing, and four units that renew"),
    "debian_service": (10, "it is the hands of all neighbours, one file a hand"),
    "glance": (9, "copies between image hosts are a program of their own"),
    "haproxy": (9, "two daemons with a file of options each"),
    "libvirt": (11, "libvirtd, QEMU and their certificates"),
    "mariadb": (
        14,
        "it runs alone, as a cluster, or elsewhere, one file a way, with a socket that is asked",
    ),
    "neutron_agent": (9, "what agents need around them, and a program that Debian's lacks"),
    "rabbitmq": (10, "options and users are templates of their own"),
    "service_unit": (14, "it is the hands of all the others, one file a hand"),
}
"""The list may only shrink, and so may its numbers."""
NO_PREFLIGHT = {
    "backup": "each way looks before it begins: secrets.yml when it saves, check.yml when it brings back",
    "debian_service": "whose hands it is looks before",
    "preflight": "it is the look itself",
    "service_unit": "whose hands it is looks before",
}
SHELLS = {"ansible.builtin.shell", "ansible.builtin.raw"}
COMMANDS = {"ansible.builtin.command", "ansible.builtin.script"}
SHOWING = {
    f"ansible.builtin.{name}"
    for name in (
        "blockinfile", "command", "copy", "debug", "lineinfile", "replace", "script", "set_fact", "template", "uri",
    )
}  # fmt: skip
"""What shows its arguments with -v, or what it writes with --diff."""
SECRET = re.compile(
    r"appliance_secrets\b|secrets\.yml|password|_secret\b|cookie|root\.key|\.sql\b|__backup_files|_private\b|__secrets_(there|new)"
    r"|authority \}\}/|(service_unit|certificates)_config|item\.config|(?<!libvirt)(?<!secure)_(transport|database)\b"
    r"|appliance_(cloud|transport_url|database_url)\b"
)
"""How secrets are named here: passwords, keys, urls with passwords, and what is rendered from them."""
NAMES_ALONE = {
    "Load the databases": "the command is given the name of the file",
    "Dump the databases": "the command is given the name of the file",
}
NO_TASK_KEYS = {
    "name", "when", "loop", "loop_control", "register", "vars", "notify", "tags", "until", "retries",
    "delay", "become", "become_user", "changed_when", "failed_when", "check_mode", "no_log", "block",
    "rescue", "always", "run_once", "delegate_to", "environment", "ignore_errors", "listen", "args",
    "with_fileglob", "delegate_facts", "throttle", "any_errors_fatal", "ignore_unreachable", "async",
    "poll", "module_defaults", "diff", "connection",
}  # fmt: skip


class Loader(yaml.SafeLoader):
    """YAML with Ansible's own tags read as text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))


def _read(path):
    return yaml.load(path.read_text(), Loader) if path.exists() else None


def _name(path):
    return str(path.relative_to(ROOT))


def _tasks(found):
    for task in found or ():
        yield task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part))


def _tasks_of(role):
    files = [*(role / "tasks").rglob("*.yml"), *(role / "handlers").rglob("*.yml")]
    return [(file, task) for file in sorted(files) for task in _tasks(_read(file))]


def _module(task):
    return next((key for key in task if key not in NO_TASK_KEYS), None)


def _count(path):
    return len(path.read_text().splitlines())


def test_there_are_roles():
    assert len(ROLES) >= 10


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_a_role_is_small_and_looks_like_the_others(role):
    assert (role / "tasks" / "main.yml").exists() or role.name == "service_unit"
    kinds = {"defaults", "meta", "tasks", "handlers", "templates", "vars", "library", "files"}
    assert {p.name for p in role.iterdir() if p.name != "README.md"} <= kinds
    files = [p for p in role.rglob("*") if p.is_file() and p.parent.name != "__pycache__"]
    if role.name in BIGGER:
        assert len(files) == BIGGER[role.name][0] > FILES, [p.name for p in files]
    else:
        assert len(files) <= FILES, [p.name for p in files]
    for file in (role / "tasks").rglob("*.yml"):
        assert _count(file) <= (MAIN_LINES if file.name == "main.yml" else TASK_LINES), file
    handlers = _read(role / "handlers" / "main.yml") or []
    assert len(handlers) <= HANDLERS
    assert (role / "README.md").read_text().startswith(f"# {role.name}\n")


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_a_role_looks_before_it_begins(role):
    assert (role / "tasks" / "preflight.yml").exists() is (role.name not in NO_PREFLIGHT)
    if role.name not in NO_PREFLIGHT:
        first = _read(role / "tasks" / "main.yml")[0]
        assert first.get("ansible.builtin.import_tasks") == "preflight.yml", first["name"]
        looks = _read(role / "tasks" / "preflight.yml")
        assert any(_module(look) == "ansible.builtin.assert" for look in looks)


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_the_interface_of_a_role_is_its_defaults(role):
    defaults = _read(role / "defaults" / "main.yml") or {}
    specs = _read(role / "meta" / "argument_specs.yml")["argument_specs"]
    wanted = set().union(*(entry.get("options", {}) for entry in specs.values()))
    assert set(defaults) == wanted
    assert len(defaults) <= VARIABLES
    assert all(name.startswith(f"{role.name}_") for name in defaults)
    private = _read(role / "vars" / "main.yml") or {}
    assert all(name.startswith(f"__{role.name}_") for name in private)
    readme = (role / "README.md").read_text()
    assert [name for name in defaults if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_every_default_says_what_it_is(role):
    text = (role / "defaults" / "main.yml").read_text()
    for name in _read(role / "defaults" / "main.yml") or {}:
        assert re.search(rf"^# .+\n{name}:", text, re.MULTILINE), name


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_tasks_use_modules_by_their_full_names(role):
    own = {p.stem for p in (role / "library").glob("*.py")}
    for file, task in _tasks_of(role):
        where = f"{_name(file)}: {task.get('name')}"
        if "block" in task:
            continue
        module = _module(task)
        assert module in own or module.startswith("ansible.builtin."), where
        assert module not in SHELLS, where
        assert "ignore_errors" not in task or "ansible_check_mode" in str(task["ignore_errors"])


def _tasks_of_playbook(playbook):
    for play in _read(playbook):
        for part in ("pre_tasks", "tasks", "post_tasks", "handlers"):
            yield from _tasks(play.get(part))


def _shown(file, task):
    """What a task may show: its arguments, its loop, and the text of its template."""
    given = task[_module(task)]
    text = yaml.safe_dump([given, task.get("loop"), task.get("vars")])
    source = given.get("src", "") if isinstance(given, dict) else ""
    for template in file.parents[1].glob("templates/*"):
        if _module(task).endswith("template") and template.name in (source, *_looped(task)):
            text += template.read_text()
    return text


def _is_hidden(task):
    """A file that is only named by its arguments is hidden enough without a diff."""
    given = task[_module(task)]
    is_named = isinstance(given, dict) and "src" in given and "content" not in given
    is_named = is_named and _module(task) == "ansible.builtin.copy"
    return task.get("no_log") or (is_named and task.get("diff") is False)


def _looped(task):
    loop = task.get("loop")
    return [f"{one}.j2" for one in loop] if isinstance(loop, list) else []


SHOWN = [(file, task) for role in ROLES for file, task in _tasks_of(role)]
SHOWN += [(playbook, task) for playbook in PLAYBOOKS for task in _tasks_of_playbook(playbook)]


def test_what_shows_a_secret_is_not_logged():
    """With -v a task's arguments are shown, and with --diff what it writes."""
    shows = [
        f"{_name(file)}: {task['name']}"
        for file, task in SHOWN
        if _module(task) in SHOWING and SECRET.search(_shown(file, task)) and not _is_hidden(task)
    ]
    assert [one for one in shows if one.partition(": ")[2] not in NAMES_ALONE] == []
    assert len(shows) == len(NAMES_ALONE), "the list may only shrink"


@pytest.mark.parametrize(
    "file", ["backup/tasks/secrets.yml", "backup/tasks/check.yml", "secrets/tasks/main.yml"]
)
def test_that_rule_sees_secrets(file):
    """A rule that sees nothing would pass for ever."""
    path = ROOT / "roles" / file
    seen = [task for task in _tasks(_read(path)) if _module(task) in SHOWING]
    assert any(SECRET.search(_shown(path, task)) and task.get("no_log") for task in seen)


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_a_command_says_honestly_whether_it_changed_something(role):
    for file, task in _tasks_of(role):
        if _module(task) not in COMMANDS:
            continue
        given = task[_module(task)]
        creates = isinstance(given, dict) and ("creates" in given or "removes" in given)
        assert creates or "changed_when" in task, f"{_name(file)}: {task.get('name')}"


@pytest.mark.parametrize("role", ROLES, ids=lambda p: p.name)
def test_roles_leave_restarts_to_handlers(role):
    for file, task in _tasks_of(role):
        given = task.get(_module(task)) if _module(task) else None
        if isinstance(given, dict) and file.parent.name != "handlers":
            assert given.get("state") != "restarted", f"{_name(file)}: {task.get('name')}"


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda p: p.name)
def test_a_playbook_says_what_it_does_needs_and_leaves(playbook):
    head = playbook.read_text().split("---")[0]
    for word in ("Does:", "Needs:", "Interrupted:"):
        assert word in head, f"{_name(playbook)} does not say {word}"


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda p: p.name)
def test_a_play_goes_on_with_all_of_its_hosts_or_with_none(playbook):
    """any_errors_fatal alone passes over tasks that say ignore_errors, also where that is false."""
    for play in _read(playbook):
        if play.get("any_errors_fatal"):
            assert play.get("max_fail_percentage") == 0, play["name"]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda p: p.name)
def test_roles_of_playbooks_exist(playbook):
    names = {role.name for role in ROLES}
    for play in _read(playbook):
        for role in play.get("roles", ()):
            name = role if isinstance(role, str) else role.get("role")
            assert name in names, f"{playbook.name}: {name}"


def test_hypervisor_hosts_are_given_no_database():
    facts = _read(ROOT / "playbooks" / "group_vars" / "all.yml")
    for name in ("nova_compute_config", "nova_novncproxy_config"):
        assert "appliance_nova_outer" in facts[name]
    assert "database" not in str(facts["appliance_nova_common"])
    assert "database" not in str(facts["appliance_nova_host"]) + facts["appliance_nova_outer"]


def test_a_scenario_is_one_question():
    for file in (ROOT / "molecule").glob("*/*.yml"):
        assert _count(file) <= SCENARIO_LINES or file.parent.name == "shared", file
