"""What a document says of the API as a whole, beside what a registry says: the server, its base path, the usual keys.

What single tools have of their own is in their exchanges. A document that names no server, or says nothing of keys,
changes nothing. This module must not know about tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tool_generator.compare import rules
from tool_generator.compare.differ import Difference
from tool_generator.model.exchanges import places_of
from tool_generator.model.operation_exchanges import security_places
from tool_runtime.values.urls import base_url_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.model.documents import Upstream
    from tool_runtime.core.registry import Registry

PATH = "api"


def api_differences(registry: Registry, upstream: Upstream) -> Iterator[Difference]:
    """Yield the differences of the API as a whole, from the registry to the document.

    Example: `https://api.example/v1` and a document with the one server `https://api.example/v2` give a difference of
    the kind `base_path`, from `/v1` to `/v2`.
    """
    mine = registry.server.base_url.rstrip("/")
    urls = [server.url.rstrip("/") for server in upstream.servers]
    theirs = [url for url in urls if "://" in url and base_url_problem(url) is None]
    if theirs and mine not in theirs:
        same_host = [url for url in theirs if urlsplit(url)[:2] == urlsplit(mine)[:2]]
        if same_host:
            was, now = urlsplit(mine).path or "/", urlsplit(same_host[0]).path or "/"
            yield Difference(PATH, rules.BASE_PATH, was, now)
        else:
            yield Difference(PATH, rules.SERVER, mine, theirs[0])
    if upstream.security is not None:
        ours = places_of(registry.security, registry.schemes)
        wanted = security_places(upstream, upstream.security) or ours
        if ours != wanted:
            before, after = (sorted(" and ".join(one) or "none" for one in side) for side in (ours, wanted))
            yield Difference(PATH, rules.SECURITY, before, after)
