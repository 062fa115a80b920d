"""Operations on a whole account: user delegation keys, and what the account says about itself."""

from __future__ import annotations

import base64

from azuresim.core import sas
from azuresim.core.blob_errors import refusal
from azuresim.wire.blob_headers import stamp
from azuresim.wire.blob_rights import find_account, grant
from azuresim.wire.blob_xml import child, element, parse, texts, xml_response
from azuresim.wire.http import Response
from azuresim.wire.routing import Call
from azuresim.wire.sas_rights import signing_time

_LONGEST_KEY = 7 * 86_400


def delegation_key(call: Call) -> Response:
    """A key to sign with in the name of a token's holder, for seven days at most."""
    account = find_account(call)
    held = grant(call, "service")
    if held.identity is None:
        raise refusal("AuthenticationFailed", AuthenticationErrorDetail="Only authentication scheme Bearer is supported")
    if account.data_role is None:
        raise refusal("AuthorizationPermissionMismatch")
    asked = parse(call.request)
    now = signing_time(call)
    try:
        starts = sas.read_time(child(asked, "Start")) if child(asked, "Start") else now
        expires = sas.read_time(child(asked, "Expiry"))
    except ValueError as wrong:
        raise refusal("InvalidXmlNodeValue") from wrong
    if not starts < expires or not now < expires <= now + _LONGEST_KEY:
        raise refusal("InvalidXmlNodeValue", XmlNodeName="Expiry", XmlNodeValue=child(asked, "Expiry"))
    described = {
        "skoid": held.identity.object_id,
        "sktid": held.identity.tenant,
        "skt": sas.sas_time(starts),
        "ske": sas.sas_time(expires),
        "sks": "b",
        "skv": call.request.headers.get("x-ms-version", sas.VERSION),
    }
    names = ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion")
    value = base64.b64encode(sas.delegation_key(account, described)).decode()
    fields = (*zip(names, described.values(), strict=True), ("Value", value))
    return xml_response(call, element("UserDelegationKey", texts(fields)))


def information(call: Call) -> Response:
    """Get Account Information; any blob or container of the account may be asked."""
    account = find_account(call)
    return Response(200, {**stamp(call), "x-ms-sku-name": account.sku, "x-ms-account-kind": account.kind, "x-ms-is-hns-enabled": "false"})


def service_properties(call: Call) -> Response:
    """The defaults of a new account."""
    retention = element("RetentionPolicy", texts((("Enabled", "false"),)))
    off = texts((("Version", "1.0"), ("Enabled", "false")))
    logging = element("Logging", texts((("Version", "1.0"), ("Delete", "false"), ("Read", "false"), ("Write", "false"))), retention)
    parts = (logging, *(element(name, off, retention) for name in ("HourMetrics", "MinuteMetrics")), element("Cors"))
    deleted = element("DeleteRetentionPolicy", texts((("Enabled", "false"),)))
    return xml_response(call, element("StorageServiceProperties", *parts, deleted))
