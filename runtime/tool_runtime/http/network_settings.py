"""Network settings: what the environment says about proxies and certificates.

Owns the reading of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`, in capital
or small letters as urllib takes them, and the choice of a proxy for a host. httpx would read the same variables, but
fails with foreign errors where it cannot, and knows neither IPv6 blocks nor brackets in `NO_PROXY`.

Each variable is checked when connections are made, even a variable that the host at hand does not need. So a wrong
setting shows with the first call, before anything is sent, and not with the first call that happens to need it.

Plain http never goes through a proxy: it is for this machine only, and its key would be readable by the proxy.
Knows no httpx and opens no connection.
"""

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tool_runtime.errors import ConfigurationError

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
NOTHING_WAS_SENT = "Nothing was sent."
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. `auth` is the user and the password, as the proxy wants them."""

    scheme: str
    host: str
    port: int
    auth: tuple[bytes, bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of `NO_PROXY`: a block of addresses, or a name with all names below that name.

    `name` is `*` for every host. `port` and `scheme` narrow the entry where they are set.
    """

    name: str = ""
    block: Network | None = None
    port: int | None = None
    scheme: str = ""

    def covers(self, scheme: str, host: str, port: int) -> bool:
        """Whether a host is reached without a proxy. `host` has no brackets."""
        if self.port not in {None, port} or self.scheme not in {"", scheme}:
            return False
        if self.block is not None:
            address = _address(host)
            return address is not None and address.version == self.block.version and address in self.block
        return self.name in {"*", host} or host.endswith(f".{self.name}")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What the environment says. `certificates` is None where it names none: then httpx's own are used."""

    proxies: Mapping[str, Proxy] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    certificates: ssl.SSLContext | None = None

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy through which a host is reached, or None.

        Example: under `ALL_PROXY=http://proxy:3128 NO_PROXY=fd00::/8`, `("https", "fd00::1", 443)` is None, and
        `("https", "api.example.com", 443)` is `Proxy("http", "proxy", 3128)`.
        """
        host = host.strip("[]").rstrip(".").lower()
        proxy = self.proxies.get(scheme) or self.proxies.get("all")
        if proxy is None or scheme == "http" or any(entry.covers(scheme, host, port) for entry in self.exemptions):
            return None
        return proxy


def read_network_settings(distribution: str) -> NetworkSettings:
    """Read the settings of this process as they are now.

    `distribution` is the name under which this software is installed, for the advice about a missing extra. Raises
    `ConfigurationError` that names the variable.
    """
    from urllib.request import getproxies

    known = getproxies()
    proxies = {scheme: _proxy(scheme, known[scheme], distribution) for scheme in DEFAULT_SCHEMES if known.get(scheme)}
    entries = [entry for entry in known.get("no", "").replace(",", " ").split() if entry]
    exemptions = tuple(_exemption(entry) for entry in entries)
    return NetworkSettings(proxies, exemptions, _certificates(os.environ))


DEFAULT_SCHEMES = ("http", "https", "all")


def _variable(scheme: str) -> str:
    """Name the variable that sets a proxy; small letters win, as in urllib."""
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
        if os.environ.get(name):
            return name
    return f"the system's setting of a proxy for {scheme}"


def _refused(variable: str, value: str, problem: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError(f"{variable}={value}: {problem}", hint=f"{hint} {NOTHING_WAS_SENT}".strip())


def _proxy(scheme: str, text: str, distribution: str) -> Proxy:
    """Read the URL of a proxy: `proxy:3128` gives `Proxy("http", "proxy", 3128)`."""
    variable = _variable(scheme)
    url = text.strip() if "://" in text else f"http://{text.strip()}"
    hint = "Set it to a URL like http://host:port, or unset it."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if _address(host) is not None else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        # A password may stand anywhere in what cannot be read, so nothing of the value is shown.
        raise _refused(variable, "…", "is no URL of a proxy", hint) from None
    shown = _without_user(parts)
    if parts.scheme not in DEFAULT_PORTS:
        known = ", ".join(DEFAULT_PORTS)
        raise _refused(variable, shown, f"{parts.scheme} is no kind of proxy that can be used; one of {known}", hint)
    if not host or any(mark.isspace() or not mark.isprintable() for mark in host):
        raise _refused(variable, shown, "names no host", hint)
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        advice = f"Run: pip install '{distribution}[socks]', or unset {variable}."
        raise _refused(variable, shown, "a SOCKS proxy needs a package that is not installed", advice)
    auth = None
    if parts.username or parts.password:
        auth = (unquote(parts.username or "").encode(), unquote(parts.password or "").encode())
    return Proxy(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], auth)


def _without_user(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _exemption(entry: str) -> Exemption:
    """Read one entry of `NO_PROXY`.

    Example: `::1/128` and `[::1]` give a block; `*.internal:8443` gives `Exemption("internal", port=8443)`.
    """
    scheme, _, rest = entry.lower().rpartition("://")
    scheme = "" if scheme == "all" else scheme
    if rest == "*":
        return Exemption("*", scheme=scheme)
    block = _block(rest)
    if block is not None:
        return Exemption(block=block, scheme=scheme)
    host, port = rest, None
    if rest.startswith("["):
        host, closed, behind = rest[1:].partition("]")
        block = _block(host) if closed else None
        if block is None or (behind and not behind.startswith((":", "/"))):
            raise _unreadable_exemption(entry)
        if behind.startswith("/"):
            block, behind = _block(host + behind), ""
        port = _port(entry, behind[1:]) if behind else None
    else:
        host, colon, digits = rest.rstrip("/").partition(":")
        port = _port(entry, digits) if colon else None
        block = _block(host)
    if block is None and ("/" in host or "[" in host or "]" in host):
        raise _unreadable_exemption(entry)
    return Exemption("" if block else host.lstrip("*").strip("."), block, port, scheme)


def _port(entry: str, digits: str) -> int:
    if not digits.isascii() or not digits.isdigit() or int(digits) > 65535:  # noqa: PLR2004
        raise _unreadable_exemption(entry)
    return int(digits)


def _unreadable_exemption(entry: str) -> ConfigurationError:
    hint = "Write names, addresses and blocks with commas between: localhost,.internal,10.0.0.0/8,::1,fd00::/8."
    return _refused(_variable("no"), entry, "is no name, no address and no block of addresses", hint)


def _block(text: str) -> Network | None:
    """Read an address or a block: `10.0.0.7/8` gives `10.0.0.0/8`; a zone (`fe80::1%eth0`) is left out."""
    address, slash, bits = text.partition("/")
    try:
        return ipaddress.ip_network(address.partition("%")[0] + slash + bits, strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _certificates(environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Load the certificates that the environment names, or return None where it names none."""
    file, folder = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
    if file:
        try:
            Path(file).read_bytes()
        except (OSError, ValueError) as error:
            raise _unusable("SSL_CERT_FILE", file, error) from None
    for part in (folder or "").split(os.pathsep):
        try:
            if part and not os.listdir(part):  # noqa: PTH208 - whether there is anything at all
                raise _refused("SSL_CERT_DIR", part, "holds no certificate", _CERTIFICATE_HINT)
        except (OSError, ValueError) as error:
            raise _unusable("SSL_CERT_DIR", part, error) from None
    if not file and not folder:
        return None
    try:
        # Where both are set, the file counts alone, as it does in httpx.
        return ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        variable = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        raise _refused(variable, file or folder or "", "holds no certificate in PEM form", _CERTIFICATE_HINT) from None


_CERTIFICATE_HINT = "Name certificates in PEM form, or unset it."


def _unusable(variable: str, path: str, error: Exception) -> ConfigurationError:
    problem = "cannot be read" if not isinstance(error, OSError) else (error.strerror or "cannot be read").lower()
    return _refused(variable, path, problem, _CERTIFICATE_HINT)
