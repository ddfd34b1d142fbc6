"""The sandbox on a port, for clients in any language.

| module | owns |
|---|---|
| admin | the sandbox's own API under `/__sandbox/`: plain functions from a request to JSON |
| application | the ASGI application: which requests are the API's and which the sandbox's own; the web page; events |
| connections | uvicorn, and connections that end in the middle |
| heartbeat | time that passes by itself, and the sending of webhooks |
| serving | a server in a thread or in the foreground; its files |

Needs uvicorn (extra `sandbox`). Listens on loopback unless another host is named.
"""
