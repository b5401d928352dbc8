# SPDX-License-Identifier: Apache-2.0
"""The miniature image service: Glance's v2 dialect, its whole route table."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from nova_appliance.common import clock
from nova_appliance.embedded import web
from nova_appliance.embedded.images import data, fields, listing, members, resource
from nova_appliance.embedded.images.service import open_images
from nova_appliance.embedded.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

VERSIONS = ("v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0")
NO_LOCATIONS = web.Unbuilt("Images have no locations here: upload their bytes.")
NO_TASKS = web.Unbuilt("There are no tasks here: upload or import images directly.")
NO_STORES = web.Unbuilt("All images are in one place here: there are no stores to choose from.")
NO_METADEFS = web.Unbuilt("Metadata definitions are not kept here.")


def make_app(settings: Settings, time: clock.Clock = clock.SYSTEM) -> WSGIApplication:
    """The WSGI application over the images in the state directory."""
    images = open_images(settings, time)
    service = web.Service(
        name="images",
        state=images,
        routes=ROUTES,
        formatter=format_error,
        authenticate=images.tokens.authenticate,
        headers_401={"WWW-Authenticate": f'Keystone uri="{settings.identity_url}"'},
    )
    return web.make_app(service)


def format_error(failure: web.Failure) -> str:
    """Glance's error page."""
    title = html.escape(f"{failure.status} {failure.title}")
    said = html.escape(failure.message)
    return (
        f"<html>\n <head>\n  <title>{title}</title>\n </head>\n"
        f" <body>\n  <h1>{title}</h1>\n  {said}<br /><br />\n\n\n </body>\n</html>"
    )


def versions(req: Any) -> tuple[int, dict[str, Any]]:
    """GET /: which versions there are; all are served at /v2/."""
    links = [{"rel": "self", "href": f"{req.host_url}/v2/"}]
    told = [
        {"id": name, "status": "CURRENT" if name == VERSIONS[0] else "SUPPORTED", "links": links}
        for name in VERSIONS
    ]
    return 300, {"versions": told}


def versions_ok(req: Any) -> dict[str, Any]:
    """GET /versions: the same, as a plain answer."""
    return versions(req)[1]


def image_schema(_req: Any) -> dict[str, Any]:
    """GET /v2/schemas/image."""
    return fields.schema()


def images_schema(_req: Any) -> dict[str, Any]:
    """GET /v2/schemas/images."""
    return {
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": fields.schema()},
            "schema": {"type": "string"},
            "next": {"type": "string"},
            "first": {"type": "string"},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


def import_info(_req: Any) -> dict[str, Any]:
    """GET /v2/info/import."""
    about = {"description": "Import methods available.", "type": "array"}
    return {"import-methods": about | {"value": ["glance-direct"]}}


ROUTES: dict[str, dict[str, Any]] = {
    "": {"GET": web.Op(versions, public=True)},
    "versions": {"GET": web.Op(versions_ok, public=True)},
    "v2": {"GET": web.Op(versions, public=True)},
    "v2/images": {"GET": listing.index, "POST": resource.create},
    "v2/images/{id}": {
        "GET": resource.show,
        "PATCH": resource.update,
        "DELETE": resource.delete,
    },
    "v2/images/{id}/file": {"GET": data.download, "PUT": web.Op(data.upload, streamed=True)},
    "v2/images/{id}/stage": {"PUT": web.Op(data.stage, streamed=True)},
    "v2/images/{id}/import": {"POST": data.import_staged},
    "v2/images/{id}/actions/deactivate": {"POST": data.deactivate},
    "v2/images/{id}/actions/reactivate": {"POST": data.reactivate},
    "v2/images/{id}/tags/{tag}": {"PUT": resource.add_tag, "DELETE": resource.remove_tag},
    "v2/images/{id}/members": {"GET": members.index, "POST": members.add},
    "v2/images/{id}/members/{member}": {
        "GET": members.show,
        "PUT": members.change,
        "DELETE": members.remove,
    },
    "v2/images/{id}/locations": {"GET": NO_LOCATIONS, "POST": NO_LOCATIONS},
    "v2/images/{id}/tasks": {"GET": NO_TASKS},
    "v2/tasks": {"GET": NO_TASKS, "POST": NO_TASKS},
    "v2/schemas/image": {"GET": image_schema},
    "v2/schemas/images": {"GET": images_schema},
    "v2/schemas/member": {"GET": members.schema},
    "v2/schemas/members": {"GET": members.schemas},
    "v2/info/import": {"GET": import_info},
    "v2/info/stores": {"GET": NO_STORES},
    "v2/metadefs/namespaces": {"GET": NO_METADEFS, "POST": NO_METADEFS},
    "v2/metadefs/resource_types": {"GET": NO_METADEFS},
}
