# SPDX-License-Identifier: Apache-2.0
"""Who is asking: keystonemiddleware in front, or plain words in the token for tests (noauth2).

Both leave a RequestContext in the WSGI environment, or answer 401.
"""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

import msgspec
from keystoneauth1 import loading
from keystonemiddleware import auth_token
from oslo_config import cfg

from nova_appliance.api import faults, policy, token_cache
from nova_appliance.api.request import CONTEXT
from nova_appliance.common import clock
from nova_appliance.common.context import RequestContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ASK = "The request you have made requires authentication."
GROUP = "keystone_authtoken"
TEST_ROLES = "reader,member"
TOKEN = "HTTP_X_AUTH_TOKEN"  # noqa: S105 - the header's name
_KNOWN = "nova.known_caller"
KNOWN_S = 60.0
CHECKED_S = 240
"""A caller is recognized for a minute; the middleware then looks into what identity said up to
four minutes ago. So a revoked token is good for five minutes at most, Nova's own default."""
_WANTED = ("auth_url", "username", "password", "project_name", "user_domain_name",
           "project_domain_name")  # fmt: skip


def guard(conf: cfg.ConfigOpts, rules: policy.Rules, app: WSGIApplication) -> WSGIApplication:
    """`app` behind the authentication that [api]auth_strategy names."""
    if conf.api.auth_strategy == "noauth2":
        return _with_context(_from_words, rules, app, ("WWW-Authenticate", 'Keystone uri=""'))
    known = token_cache.TokenCache()
    checked = auth_token.AuthProtocol(
        _with_context(functools.partial(_from_keystone, known), rules, app),
        _middleware_options(conf),
    )
    recognized = _with_context(_from_memory, rules, app)
    tokens = token_cache.TokenCache()

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_KNOWN] = known.get(environ.get(TOKEN)) if _is_alone(environ) else None
        if environ[_KNOWN]:
            return recognized(environ, start_response)
        environ[token_cache.KEY] = tokens
        answer: Iterable[bytes] = checked(environ, start_response)
        return answer

    return call


def _middleware_options(conf: cfg.ConfigOpts) -> dict[str, Any]:
    """auth_token's own options, filled from [service_user]."""
    user = conf.service_user
    return {
        "oslo_config_config": _credentials(conf),
        "auth_type": "password",
        "www_authenticate_uri": user.auth_url,
        "region_name": user.region_name,
        "cafile": user.cafile,
        "http_connect_timeout": int(user.timeout),
        "service_token_roles": "service",
        "service_token_roles_required": True,
        "interface": "internal",
        "include_service_catalog": False,
        "delay_auth_decision": True,
        "cache": token_cache.KEY,
        "token_cache_time": CHECKED_S,
    }


def _credentials(conf: cfg.ConfigOpts) -> cfg.ConfigOpts:
    """An option object of the middleware's own, so that nova.conf says it only once."""
    own = cfg.ConfigOpts()
    own([], project="nova", default_config_files=[], default_config_dirs=[])
    own.register_opts(loading.get_auth_plugin_conf_options("password"), GROUP)
    for name in _WANTED:
        own.set_override(name, conf.service_user[name], GROUP)
    return own


def _with_context(
    find: Callable[[WSGIEnvironment], RequestContext | None],
    rules: policy.Rules,
    app: WSGIApplication,
    *challenge: tuple[str, str],
) -> WSGIApplication:
    """`challenge` is a header for 401; auth_token adds its own."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        context = find(environ)
        if context is None:
            return _refuse(start_response, challenge)
        context.is_admin = rules.is_admin(context)
        environ[CONTEXT] = context
        return app(environ, start_response)

    return call


def _refuse(
    start_response: StartResponse, challenge: tuple[tuple[str, str], ...]
) -> Iterable[bytes]:
    body = msgspec.json.encode(faults.make(401, ASK).body)
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *challenge,
    ]
    start_response("401 Unauthorized", headers)
    return [body]


def _from_keystone(
    known: token_cache.TokenCache, environ: WSGIEnvironment
) -> RequestContext | None:
    """What auth_token found out; None unless the token is good and has a user."""
    if environ.get("HTTP_X_IDENTITY_STATUS") != "Confirmed":
        return None
    context: RequestContext = RequestContext.from_environ(environ)
    if not context.user_id:
        return None
    if _is_alone(environ):
        known.set(environ.get(TOKEN), copy.copy(context), _seconds_good(environ))
    return context


def _is_alone(environ: WSGIEnvironment) -> bool:
    """Whether no service vouches for the caller by a second token."""
    return "HTTP_X_SERVICE_TOKEN" not in environ


def _seconds_good(environ: WSGIEnvironment) -> float:
    """How long the caller may be recognized by the token alone."""
    expires = environ["keystone.token_info"]["token"]["expires_at"]
    left = clock.parse_time(expires) - clock.SYSTEM.now()
    return min(KNOWN_S, left.total_seconds())


def _from_memory(environ: WSGIEnvironment) -> RequestContext:
    """The caller of an earlier request, with the ids of this one."""
    context: RequestContext = copy.copy(environ[_KNOWN])
    context.request_id = environ["openstack.request_id"]
    context.global_request_id = environ.get("openstack.global_request_id")
    context.update_store()
    return context


def _from_words(environ: WSGIEnvironment) -> RequestContext | None:
    """X-Auth-Token `user:project`; the user `admin` is one; X-Roles names other roles."""
    user, _, project = environ.get(TOKEN, "").partition(":")
    if not user:
        return None
    roles = environ.get("HTTP_X_ROLES") or TEST_ROLES
    names = [role.strip() for role in roles.split(",")] + (["admin"] if user == "admin" else [])
    return RequestContext(
        user_id=user,
        project_id=project or user,
        roles=names,
        request_id=environ.get("openstack.request_id"),
    )
