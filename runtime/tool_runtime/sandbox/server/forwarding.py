"""An httpx transport that takes every request to one address."""

import httpx


class Forwarding(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends each request to the server at `url`, whatever host the request names; proxies are not used."""

    def __init__(self, url: str) -> None:
        self._target = httpx.URL(url)
        # A client leaves the transport of a sandbox open, so no connection may outlive its request.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._transport = httpx.HTTPTransport(trust_env=False, limits=limits)
        self._async_transport = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        return self._transport.handle_request(self._readdressed(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request of an async client."""
        return await self._async_transport.handle_async_request(self._readdressed(request))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the connections of async clients."""
        await self._async_transport.aclose()

    def _readdressed(self, request: httpx.Request) -> httpx.Request:
        target = self._target
        url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        netloc = target.netloc
        return httpx.Request(
            request.method,
            url,
            headers=[(b"Host", netloc), *headers],
            stream=request.stream,
            extensions=request.extensions,
        )
