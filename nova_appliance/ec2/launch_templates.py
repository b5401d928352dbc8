# SPDX-License-Identifier: Apache-2.0
"""Launch templates: a document each, another for each version; and what RunInstances takes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.db import ec2_documents
from nova_appliance.db.ec2_documents import Document
from nova_appliance.ec2 import names
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import missing, shown

Params = dict[str, Any]
KIND, VERSION = "launch-template", "launch-template-version"
LATEST, DEFAULT = "$Latest", "$Default"
NO_VERSION = "InvalidLaunchTemplateId.VersionNotFound"
NO_NAME = "InvalidLaunchTemplateName.NotFoundException"


def fill_in(caller: Caller, params: Params) -> Params:
    """The parameters of RunInstances with those of the template it names. Raises Fault."""
    named = params.get("LaunchTemplate")
    if not named:
        return params
    template = find(caller, named)
    (version,) = chosen(caller, template, [named.get("Version") or DEFAULT])
    told: Params = version.body["data"]
    return told | {name: value for name, value in params.items() if name != "LaunchTemplate"}


def every(caller: Caller) -> tuple[Document, ...]:
    """The templates of the project, oldest first; `body` holds the default version's number."""
    with caller.cloud.cells.api.read() as conn:
        return ec2_documents.list_(conn, caller.project_id, KIND)


def find(caller: Caller, params: Mapping[str, Any]) -> Document:
    """The template of LaunchTemplateId or LaunchTemplateName. Raises Fault."""
    ec2_id, name = params.get("LaunchTemplateId"), params.get("LaunchTemplateName")
    if ec2_id and name:
        raise Fault("InvalidParameterCombination", "Give the template's id or its name, not both.")
    if not ec2_id and not name:
        raise missing("LaunchTemplateId")
    if ec2_id:
        thing = caller.names.find("lt", ec2_id)
        with caller.cloud.cells.api.read() as conn:
            found = ec2_documents.get(conn, caller.project_id, KIND, thing)
        if found is None:
            raise names.missing("lt", (ec2_id,))
        return found
    named = [one for one in every(caller) if one.name == name]
    if not named:
        raise Fault(NO_NAME, f"The launch template '{shown(str(name))}' does not exist.")
    return named[0]


def versions(caller: Caller, template: Document) -> dict[int, Document]:
    """Number > version, oldest first; `body` holds `data` and `about`."""
    with caller.cloud.cells.api.read() as conn:
        found = ec2_documents.list_(conn, caller.project_id, VERSION, f"{template.id}/")
    return {number(one): one for one in found}


def number(version: Document) -> int:
    """The number of a version."""
    return int(version.name.rpartition("/")[2])


def chosen(caller: Caller, template: Document, asked: Iterable[str]) -> list[Document]:
    """The versions asked for: numbers, $Latest, $Default. Raises Fault for one that is not there."""
    known = versions(caller, template)
    found = []
    for word in asked:
        wanted = read_number(template, known, word)
        if wanted not in known:
            raise Fault(NO_VERSION, f"The version {shown(word)} of the template does not exist.")
        found.append(known[wanted])
    return found


def read_number(template: Document, known: Mapping[int, Document], word: str) -> int:
    """The number that a word of a request means. Raises Fault for what is none."""
    if word == DEFAULT:
        return int(template.body["default"])
    if word == LATEST:
        return max(known, default=0)
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise Fault("InvalidLaunchTemplateId.VersionNotFound", f"{shown(word)} is no version.")
    return int(word)
