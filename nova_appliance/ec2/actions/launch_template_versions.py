# SPDX-License-Identifier: Apache-2.0
"""CreateLaunchTemplateVersion, DescribeLaunchTemplateVersions, DeleteLaunchTemplateVersions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from nova_appliance.common import ids
from nova_appliance.common.errors import Unavailable
from nova_appliance.db import ec2_documents
from nova_appliance.db.ec2_documents import Document
from nova_appliance.db.engines import Connection
from nova_appliance.ec2 import client_tokens, launch_templates, listing
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.launch_templates import VERSION
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown

Row = dict[str, Any]
LISTING = Listing(
    "LaunchTemplateVersions", "_key", filters={
        "create-time": "CreateTime",
        "image-id": "LaunchTemplateData.ImageId",
        "instance-type": "LaunchTemplateData.InstanceType",
        "is-default-version": "DefaultVersion",
        "launch-template-name": "LaunchTemplateName",
    }, least_page=1,
)  # fmt: skip
BUILT = frozenset(
    ("BlockDeviceMappings", "CreditSpecification", "DisableApiTermination", "EbsOptimized",
     "ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "KeyName",
     "MetadataOptions", "Monitoring", "NetworkInterfaces", "Placement", "SecurityGroupIds",
     "SecurityGroups", "TagSpecifications", "UserData")
)  # fmt: skip
"""What a template may say: all that RunInstances itself takes here."""
LONGEST = 65_536
LONGEST_ABOUT = 255
MOST = 500
TRIES = 5


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateLaunchTemplateVersion: of its own, or of SourceVersion with changes."""
    template = launch_templates.find(caller, params)
    body = read(params)
    if params.get("SourceVersion"):
        (source,) = launch_templates.chosen(caller, template, [params["SourceVersion"]])
        body["data"] = source.body["data"] | body["data"]

    def find(version_id: str) -> Document | None:
        with caller.cloud.cells.api.read() as conn:
            return ec2_documents.get(conn, caller.project_id, VERSION, version_id)

    def make(version_id: str) -> Document:
        return _add(caller, template.id, version_id, body)

    call = ("CreateLaunchTemplateVersion", params)
    made = client_tokens.once(caller, call, ids.new_id(), find, make)
    return {"LaunchTemplateVersion": _show(caller, template, made)}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeLaunchTemplateVersions: of one template; $Latest and $Default of all as well."""
    items = [
        _show(caller, template, one) | {"_key": f"{template.name} {launch_templates.number(one):9}"}
        for template, found in _asked(caller, params)
        for one in found
    ]
    answer = listing.show(LISTING, params, items)
    for item in answer[LISTING.answer]:
        del item["_key"]
    return answer


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteLaunchTemplateVersions: not the default one."""
    template = launch_templates.find(caller, params)
    known = launch_templates.versions(caller, template)
    told: Row = {
        "SuccessfullyDeletedLaunchTemplateVersions": [],
        "UnsuccessfullyDeletedLaunchTemplateVersions": [],
    }
    for word in params["Versions"]:
        number = launch_templates.read_number(template, known, word)
        error = _remove(caller, template, known.get(number))
        one = {
            "LaunchTemplateId": caller.names.one("lt", template.id),
            "LaunchTemplateName": template.name,
            "VersionNumber": number,
        }
        result = "Unsuccessfully" if error else "Successfully"
        failed = {"ResponseError": error} if error else {}
        told[f"{result}DeletedLaunchTemplateVersions"].append(one | failed)
    return told


def read(params: Mapping[str, Any]) -> Row:
    """The body of a version out of a call's parameters. Raises Fault for what is not built."""
    data, about = params["LaunchTemplateData"], params.get("VersionDescription") or ""
    if not data:
        raise missing("LaunchTemplateData")
    for name in data:
        if name not in BUILT:
            raise Fault("UnsupportedOperation", f"{name} is not built here.")
    if len(about) > LONGEST_ABOUT:
        raise Fault("InvalidParameterValue", "A description has at most 255 characters.")
    if len(msgspec.json.encode(data)) > LONGEST:
        raise Fault("InvalidParameterValue", f"A template has at most {LONGEST} bytes.")
    return {"data": dict(data), "about": about}


def document(template: Document, number: int, body: Row, version_id: str | None = None) -> Document:
    """A version as it is kept."""
    return Document(
        id=version_id or ids.new_id(),
        project_id=template.project_id,
        kind=VERSION,
        name=f"{template.id}/{number}",
        body=body,
        created_at=template.created_at,
    )


def _add(caller: Caller, template_id: str, version_id: str, body: Row) -> Document:
    """A version under the next number; two that come at once get one each."""

    def work(conn: Connection) -> Document | None:
        kind = launch_templates.KIND
        template = ec2_documents.get(conn, caller.project_id, kind, template_id)
        if template is None:
            raise Fault("InvalidLaunchTemplateId.NotFound", "The template was deleted meanwhile.")
        number = template.body["latest"] + 1
        if number > MOST:
            raise Fault("VersionLimitExceeded", f"A template has at most {MOST} versions.")
        if not ec2_documents.change(conn, template, template.body | {"latest": number}):
            return None
        new = document(template, number, body, version_id)
        new = msgspec.structs.replace(new, created_at=caller.cloud.clock.now())
        return new if ec2_documents.add(conn, new) else None

    for _ in range(TRIES):
        found = caller.cloud.cells.api.transact(work)
        if found is not None:
            return found
    raise Unavailable("The template is being changed by others; try again.")


def _asked(caller: Caller, params: Mapping[str, Any]) -> Iterator[tuple[Document, list[Document]]]:
    """Templates and their versions that a call names. Raises Fault."""
    words = params.get("Versions") or ()
    if params.get("LaunchTemplateId") or params.get("LaunchTemplateName"):
        template = launch_templates.find(caller, params)
        if words:
            yield template, launch_templates.chosen(caller, template, words)
        else:
            yield template, _between(params, launch_templates.versions(caller, template))
        return
    special = (launch_templates.LATEST, launch_templates.DEFAULT)
    if not words or any(word not in special for word in words):
        raise missing("LaunchTemplateId")
    for template in launch_templates.every(caller):
        found = launch_templates.chosen(caller, template, words)
        yield template, list({one.id: one for one in found}.values())


def _between(params: Mapping[str, Any], known: Mapping[int, Document]) -> list[Document]:
    least, most = (params.get(name) for name in ("MinVersion", "MaxVersion"))
    for word in (least, most):
        if word and not (word.isascii() and word.isdigit() and len(word) < 10):
            raise Fault("InvalidParameterValue", f"{shown(word)} is no version's number.")
    low, high = int(least or 0), int(most or 10**9)
    return [one for number, one in known.items() if low <= number <= high]


def _remove(caller: Caller, template: Document, version: Document | None) -> Row | None:
    """What hinders it, or None when the version is gone."""
    if version is None:
        return {"Code": "launchTemplateVersionDoesNotExist", "Message": "There is no such version."}
    if launch_templates.number(version) == template.body["default"]:
        return {"Code": "unexpectedError", "Message": "The default version stays."}
    caller.cloud.cells.api.transact(lambda conn: ec2_documents.remove(conn, version.id))
    return None


def _show(caller: Caller, template: Document, version: Document) -> Row:
    number = launch_templates.number(version)
    return {
        "LaunchTemplateId": caller.names.one("lt", template.id),
        "LaunchTemplateName": template.name,
        "VersionNumber": number,
        "VersionDescription": version.body["about"] or None,
        "CreateTime": version.created_at,
        "CreatedBy": template.body["by"],
        "DefaultVersion": number == template.body["default"],
        "LaunchTemplateData": version.body["data"],
    }
