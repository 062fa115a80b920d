"""Microsoft Entra's token endpoint, managed identities, and the cloud's metadata: for azure-identity, msal and `az login`.

Codes and sentences: "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from azuresim.core.errors import ServiceError
from azuresim.wire import tokens
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time

Json = dict[str, Any]
_LIFETIME = 3600
_DEFAULT = "/.default"
_METADATA_AS_OBJECT_FROM = "2022-09-01"
_STACK_VERSIONS = frozenset({"1.0", "2015-01-01"})
# Managed identities that ask without naming themselves.
_SYSTEM_IDENTITY = "00000000-0000-0000-0000-0000000051d0"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _admit(_call: Call) -> None:
    """Everybody may ask."""


def _render_error(call: Call, error: ServiceError) -> Response:
    """OAuth's error document, with Entra's additions. The number of the code stands in the text too."""
    trace, correlation = call.world.kernel.request_ids.guid(), call.world.kernel.request_ids.guid()
    stamp = arm_time(call.real_now)
    number = error.message.partition(":")[0].removeprefix("AADSTS")
    shown = {
        "error": error.code,
        "error_description": f"{error.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [int(number)] if number.isdigit() else [],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return json_response(error.status, shown, error.headers)


def _refused(status: int, code: str, text: str) -> ServiceError:
    return ServiceError(status, code, text)


def _require_tenant(call: Call) -> str:
    tenant = call.params["tenant"]
    if tenant.lower() not in tokens.known_tenants(call):
        raise _refused(
            400,
            "invalid_request",
            f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct "
            "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
        )
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


def _keys(call: Call) -> Response:
    _require_tenant(call)
    return json_response(200, tokens.published_keys())


def _instance(call: Call) -> Response:
    """What msal asks before it trusts an authority."""
    base = call.world.base_url
    host = base.removeprefix("https://")
    return json_response(
        200,
        {
            "tenant_discovery_endpoint": f"{base}/{call.world.tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        },
    )


def _token(call: Call) -> Response:
    """Client credentials, with a secret or a signed assertion; versions 1 and 2."""
    tenant = _require_tenant(call)
    form = {name: values[0] for name, values in parse_qs(call.request.body.decode(errors="replace")).items()}
    grant, client = _parameter(form, "grant_type"), _parameter(form, "client_id")
    if grant != "client_credentials":
        raise _refused(400, "unsupported_grant_type", f"AADSTS70003: The app requested an unsupported grant type '{grant}'.")
    _check_client(call, tenant, client, form)
    audience = _audience(form)
    token = _issue(call, tenant, client, audience)
    shown: Json = {"token_type": "Bearer", "expires_in": _LIFETIME, "ext_expires_in": _LIFETIME, "access_token": token}
    if "resource" in form:
        now = int(call.real_now)
        shown = {**shown, "expires_on": str(now + _LIFETIME), "not_before": str(now), "resource": form["resource"]}
    return json_response(200, shown)


def _parameter(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise _refused(400, "invalid_request", f"AADSTS900144: The request body must contain the following parameter: '{name}'.")
    return value


def _audience(form: dict[str, str]) -> str:
    if form.get("resource"):
        return form["resource"]
    scope = _parameter(form, "scope").split(" ")[0]
    if not scope.endswith(_DEFAULT):
        raise _refused(
            400,
            "invalid_scope",
            f"AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )
    return scope.removesuffix(_DEFAULT)


def _check_client(call: Call, tenant: str, client: str, form: dict[str, str]) -> None:
    directory = call.world.directory
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if not secret and not assertion:
        raise _refused(
            401,
            "invalid_client",
            "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )
    if not directory.knows(client):
        raise _refused(
            400, "unauthorized_client", f"AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'."
        )
    if assertion:
        _check_assertion(call, client, assertion, form.get("client_assertion_type", _ASSERTION_TYPE))
    elif not directory.takes_secret(client, secret or ""):
        raise _refused(
            401,
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
            f"the client secret ID, for a secret added to app '{client}'.",
        )


def _check_assertion(call: Call, client: str, assertion: str, kind: str) -> None:
    """Its time and subject; signatures are not looked at. One that is no JWT is a test's own.

    What a certificate signed names the application itself, as subject and issuer; what a cluster issued names a service account.
    """
    if kind != _ASSERTION_TYPE:
        raise _refused(400, "invalid_request", f"AADSTS50027: The client_assertion_type '{kind}' is not supported.")
    if not tokens.is_jwt(assertion):
        return
    claims = tokens.decode(assertion)
    if claims is None:
        raise _refused(400, "invalid_request", "AADSTS50027: JWT token is invalid or malformed.")
    begins, expires = tokens.lifetime(claims)
    if expires is None or expires <= call.real_now or begins > call.real_now:
        ends = "none" if expires is None else arm_time(expires)
        raise _refused(
            401,
            "invalid_client",
            "AADSTS700024: Client assertion is not within its valid time range. "
            f"Current time: {arm_time(call.real_now)}, expiry time of assertion {ends}.",
        )
    subject = str(claims.get("sub", ""))
    if subject.lower() == str(claims.get("iss", "")).lower() == client.lower():
        return
    if not call.world.directory.takes_subject(client, subject):
        raise _refused(
            401,
            "invalid_client",
            f"AADSTS700213: No matching federated identity record found for presented assertion subject '{subject}'. Check your federated "
            "identity credential Subject, Audience and Issuer against the presented assertion.",
        )


def _issue(call: Call, tenant: str, client: str, audience: str) -> str:
    now = int(call.real_now)
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + _LIFETIME,
        "appid": client,
        "idtyp": "app",
        "oid": client,
        "sub": client,
        "tid": tenant,
        "ver": "1.0",
    }
    return tokens.encode(claims)


def _instance_metadata_token(call: Call) -> Response:
    """A virtual machine's managed identity (IMDS)."""
    if call.request.headers.get("metadata", "").lower() != "true":
        raise _refused(400, "bad_request", "Required metadata header not specified")
    return _managed(call)


def _app_service_token(call: Call) -> Response:
    """App Service's managed identity; the secret header must be there, whatever it says."""
    if "x-identity-header" not in call.request.headers:
        raise _refused(401, "unauthorized_client", "The X-IDENTITY-HEADER header is missing.")
    return _managed(call)


def _managed(call: Call) -> Response:
    query = call.request.query
    resource = query.get("resource")
    if not resource:
        raise _refused(400, "invalid_request", "Identity not found: the resource parameter is missing")
    client = query.get("client_id") or query.get("object_id") or _SYSTEM_IDENTITY
    if not call.world.directory.knows(client) and client != _SYSTEM_IDENTITY:
        raise _refused(400, "invalid_request", "Identity not found")
    now = int(call.real_now)
    return json_response(
        200,
        {
            "access_token": _issue(call, call.world.tenant, client, resource),
            "client_id": client,
            "expires_in": str(_LIFETIME),
            "expires_on": str(now + _LIFETIME),
            "ext_expires_in": str(_LIFETIME),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        },
    )


def _metadata(call: Call) -> Response:
    """In three shapes: that of Azure Stack (`1.0`), a list of clouds, since 2022-09-01 one cloud."""
    base, version = call.world.base_url, call.request.query.get("api-version", "")
    audiences = ["https://management.core.windows.net/", "https://management.azure.com/"]
    graph = "https://graph.windows.net/"
    if version in _STACK_VERSIONS:
        signing_in = {"loginEndpoint": base, "audiences": audiences}
        return json_response(200, {"galleryEndpoint": base, "graphEndpoint": graph, "portalEndpoint": base, "authentication": signing_in})
    cloud: Json = {
        "name": "azuresim",
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": audiences,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": graph,
        "graph": graph,
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "gallery": base,
        "resourceManager": base,
        "batch": "https://batch.core.windows.net/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc": f"{base}/aliases.json",
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "sqlServerHostname": "database.windows.net"},
    }
    return json_response(200, cloud if version >= _METADATA_AS_OBJECT_FROM else [cloud])


SERVICE = Service(
    "entra",
    (
        Route("GET", "/metadata/endpoints", "Metadata_Get", _metadata),
        Route("GET", "/metadata/identity/oauth2/token", "ManagedIdentity_Token", _instance_metadata_token),
        Route("GET", "/msi/token", "ManagedIdentity_AppServiceToken", _app_service_token),
        Route("GET", "/common/discovery/instance", "Instance_Discover", _instance),
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "OpenIdConfiguration_Get", _configuration),
        Route("GET", "/{tenant}/.well-known/openid-configuration", "OpenIdConfiguration_GetV1", _configuration),
        Route("GET", "/{tenant}/discovery/v2.0/keys", "Keys_Get", _keys),
        Route("GET", "/{tenant}/discovery/keys", "Keys_GetV1", _keys),
        Route("POST", "/{tenant}/oauth2/v2.0/token", "Token_Issue", _token, reads=True),
        Route("POST", "/{tenant}/oauth2/token", "Token_IssueV1", _token, reads=True),
    ),
    _render_error,
    _admit,
)
