"""Addresses that deliveries go to: variables in them, their hosts, and which hosts are near.

Must not know deliveries.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

VARIABLE: Final = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
# `.internal` and `.local` are no names of the internet; the first is what containers call their host by.
_NEAR: Final = (".localhost", ".internal", ".local", ".test")


def with_variables(text: str, record: Mapping[str, Any]) -> str:
    """Return a text with the record's dynamic variables in the place of `{{name}}`."""
    values = [part for part in record.values() if isinstance(part, Mapping)]
    return VARIABLE.sub(lambda found: str(next((v[found[1]] for v in values if found[1] in v), "")), text)


def host_of(url: str) -> str:
    """Return the host of an address, without a port: `http://[::1]:80/x` gives `::1`. Empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_near(host: str) -> bool:
    """Say whether a host is this machine, or a name or address that only its own network knows.

    Link-local addresses are none of these: in a cloud, one of them hands out the keys of the machine.
    """
    try:
        address = ip_address(host)
    except ValueError:
        # A number without dots is an address of the internet in another notation.
        is_name = not host[:1].isdigit() and ("." not in host or host.endswith(_NEAR))
        return bool(host) and is_name
    return address.is_loopback or (address.is_private and not address.is_link_local)
