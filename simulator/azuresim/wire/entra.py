"""Microsoft Entra's token endpoint and the cloud's metadata: enough for azure-identity, msal and `az login`. Checks no secret."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs

from azuresim.core.errors import ServiceError
from azuresim.wire.http import Request, Response, json_response
from azuresim.wire.routing import Call, Route, Service

Json = dict[str, Any]
_LIFETIME = 3600
# What the client asks for when it does not name a resource.
_DEFAULT_AUDIENCE = "https://management.azure.com"
_METADATA_AS_OBJECT_FROM = "2022-09-01"


def _admit(_request: Request) -> None:
    """Everybody may ask."""


def _render_error(_call: Call, error: ServiceError) -> Response:
    shown = {
        "error": error.code,
        "error_description": error.message,
        "error_codes": [],
        "correlation_id": _call.world.kernel.request_ids.guid(),
    }
    return json_response(error.status, shown, error.headers)


def _require_tenant(call: Call) -> str:
    tenant = call.params["tenant"]
    known = {call.world.tenant.lower()} | {s.tenant.lower() for s in call.world.subscriptions.all()}
    if tenant.lower() not in known:
        raise ServiceError(400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
    return tenant


def _configuration(call: Call) -> Response:
    tenant, base = _require_tenant(call), call.world.base_url
    return json_response(
        200,
        {
            "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "issuer": f"{base}/{tenant}/v2.0",
            "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/{tenant}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "azuresim",
        },
    )


def _token(call: Call) -> Response:
    tenant = _require_tenant(call)
    form = {name: values[0] for name, values in parse_qs(call.request.body.decode()).items()}
    if form.get("grant_type") != "client_credentials":
        raise ServiceError(400, "unsupported_grant_type", f"AADSTS70003: The grant type '{form.get('grant_type')}' is not supported.")
    if not form.get("client_id") or not (form.get("client_secret") or form.get("client_assertion")):
        raise ServiceError(
            401,
            "invalid_client",
            "AADSTS7000216: 'client_assertion' or 'client_secret' is required for the 'client_credentials' grant type.",
        )
    audience = form.get("scope", f"{_DEFAULT_AUDIENCE}/.default").split(" ")[0].removesuffix("/.default")
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": int(call.real_now),
        "nbf": int(call.real_now),
        "exp": int(call.real_now) + _LIFETIME,
        "appid": form["client_id"],
        "idtyp": "app",
        "oid": form["client_id"],
        "sub": form["client_id"],
        "tid": tenant,
        "ver": "1.0",
    }
    return json_response(
        200, {"token_type": "Bearer", "expires_in": _LIFETIME, "ext_expires_in": _LIFETIME, "access_token": _unsigned(claims)}
    )


def _unsigned(claims: Json) -> str:
    """A JWT that parses; its signature proves nothing and nobody here asks for it."""
    head = {"typ": "JWT", "alg": "RS256", "kid": "azuresim"}
    parts = [base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=") for part in (head, claims)]
    return ".".join((*parts, "c2ltdWxhdGVk"))


def _metadata(call: Call) -> Response:
    base = call.world.base_url
    cloud: Json = {
        "name": "azuresim",
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": "https://graph.windows.net/",
        "graph": "https://graph.windows.net/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "gallery": base,
        "resourceManager": base,
        "batch": "https://batch.core.windows.net/",
        "media": "https://rest.media.azure.net",
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "sqlServerHostname": "database.windows.net"},
    }
    as_object = call.request.query.get("api-version", "") >= _METADATA_AS_OBJECT_FROM
    return json_response(200, cloud if as_object else [cloud])


SERVICE = Service(
    "entra",
    (
        Route("GET", "/metadata/endpoints", "Metadata_Get", _metadata),
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "OpenIdConfiguration_Get", _configuration),
        Route("POST", "/{tenant}/oauth2/v2.0/token", "Token_Issue", _token, reads=True),
    ),
    _render_error,
    _admit,
)
