# SPDX-License-Identifier: Apache-2.0
"""CreateLaunchTemplate, DescribeLaunchTemplates, ModifyLaunchTemplate, DeleteLaunchTemplate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nova_appliance.common import ids
from nova_appliance.db import ec2_documents
from nova_appliance.db.ec2_documents import Document
from nova_appliance.db.engines import Connection
from nova_appliance.ec2 import client_tokens, launch_templates, listing, tagging
from nova_appliance.ec2.actions import launch_template_versions as versions
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.launch_templates import KIND, NO_NAME, NO_VERSION
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

Row = dict[str, Any]
LISTING = Listing(
    "LaunchTemplates", "LaunchTemplateId", "lt", "LaunchTemplateIds", {
        "create-time": "CreateTime",
        "launch-template-name": "LaunchTemplateName",
        "tag-value": "Tags.Value",
    }, least_page=1,
)  # fmt: skip
_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateLaunchTemplate: with its first version."""
    name = params["LaunchTemplateName"]
    if not _NAME.fullmatch(name):
        raise Fault(
            "InvalidLaunchTemplateName.MalformedException",
            "A template's name has 3 to 128 letters, digits and ().-/_",
        )
    new = tagging.specified(params, "launch-template")
    first = versions.read(params)

    def find(template_id: str) -> Document | None:
        with caller.cloud.cells.api.read() as conn:
            return ec2_documents.get(conn, caller.project_id, KIND, template_id)

    def make(template_id: str) -> Document:
        template = _document(caller, template_id, name)
        caller.cloud.cells.api.transact(lambda conn: _add(conn, template, first))
        return template

    call = ("CreateLaunchTemplate", params)
    template = client_tokens.once(caller, call, ids.new_id(), find, make)
    tagging.keep(caller, caller.names.one("lt", template.id), new)
    return {"LaunchTemplate": _show(caller, template, new)}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeLaunchTemplates."""
    every = launch_templates.every(caller)
    asked = params.get("LaunchTemplateNames") or ()
    for name in asked:
        if name not in {one.name for one in every}:
            raise Fault(NO_NAME, f"The launch template '{shown(name)}' does not exist.")
    kept = tags(caller)
    items = [_show(caller, one, None, kept) for one in every if not asked or one.name in asked]
    return listing.show(LISTING, params, items)


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyLaunchTemplate: which version is the default one."""
    word = params.get("DefaultVersion")
    if not word:
        raise missing("SetDefaultVersion")
    template = launch_templates.find(caller, params)
    (version,) = launch_templates.chosen(caller, template, [word])
    body = template.body | {"default": launch_templates.number(version)}

    def work(conn: Connection) -> bool:
        there = ec2_documents.get(conn, caller.project_id, version.kind, version.id)
        return there is not None and ec2_documents.change(conn, template, body)

    if body != template.body and not caller.cloud.cells.api.transact(work):
        raise Fault(NO_VERSION, "The template has changed meanwhile; try again.")
    return {"LaunchTemplate": _show(caller, launch_templates.find(caller, params), None)}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteLaunchTemplate: and all its versions; instances stay."""
    template = launch_templates.find(caller, params)
    shown_ = _show(caller, template, None)

    def work(conn: Connection) -> None:
        ec2_documents.remove(conn, template.id)
        begin = f"{template.id}/"
        for one in ec2_documents.list_(conn, caller.project_id, launch_templates.VERSION, begin):
            ec2_documents.remove(conn, one.id)

    caller.cloud.cells.api.transact(work)
    tagging.forget(caller, shown_["LaunchTemplateId"])
    return {"LaunchTemplate": shown_}


def _document(caller: Caller, template_id: str, name: str) -> Document:
    return Document(
        id=template_id,
        project_id=caller.project_id,
        kind=KIND,
        name=name,
        body={"default": 1, "latest": 1, "by": caller.user_id},
        created_at=caller.cloud.clock.now(),
    )


def _add(conn: Connection, template: Document, first: Row) -> None:
    if not ec2_documents.add(conn, template):
        raise Fault(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            f"The launch template name '{template.name}' is already in use.",
        )
    ec2_documents.add(conn, versions.document(template, 1, first))


def _show(
    caller: Caller,
    template: Document,
    new: Mapping[str, str] | None,
    kept: Mapping[str, Mapping[str, str]] | None = None,
) -> Row:
    ec2_id = caller.names.one("lt", template.id)
    known = tags(caller) if kept is None and new is None else kept or {}
    return {
        "LaunchTemplateId": ec2_id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.created_at,
        "CreatedBy": template.body["by"],
        "DefaultVersionNumber": template.body["default"],
        "LatestVersionNumber": template.body["latest"],
        "Tags": tag_set(known.get(ec2_id), new),
    }
