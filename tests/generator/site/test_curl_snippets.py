"""Commands with curl: each is run against a server on loopback, which has to see what the runtime would send."""

import copy
import email
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tool_generator.emit.reference.sample_arguments import example_arguments
from tool_generator.emit.site.curl_snippets import KEY, CurlWriter
from tool_runtime.core.binding import Binder
from tool_runtime.core.registry import Registry
from tool_runtime.core.requests import build_request

from .conftest import registry_of

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def server():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received.append((self.command, self.path, self.headers, body))
            self.send_response(204)
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the base class

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}", received
    running.shutdown()
    thread.join()
    running.server_close()


def moved(registry, address):
    document = copy.deepcopy(dict(registry.document))
    document["server"]["base_url"] = address
    return Registry(document)


def calls(registry):
    for tool in registry.tools.values():
        for arguments in [one.arguments for one in tool.examples] or [example_arguments(tool, registry.types)]:
            if not len(tool.steps.before):
                yield tool, arguments


def run(script, folder, registry):
    for name in re.findall(r"=@([\w.-]+)", script):
        (folder / name).write_bytes(b"content")
    environment = {"PATH": os.environ["PATH"], f"{registry.api.environment}_API_KEY": "key_x"}
    subprocess.run(["sh", "-ec", script], cwd=folder, env=environment, capture_output=True, check=True, timeout=60)


def test_a_command_sends_what_the_runtime_would_send(spec_name, server, tmp_path):
    address, received = server
    registry = moved(registry_of(spec_name), address)
    writer, binder = CurlWriter(registry), Binder(registry)
    given = list(calls(registry))
    received.clear()
    run("\n".join(f"{writer.command(tool, arguments)} -s" for tool, arguments in given), tmp_path, registry)
    assert len(received) == len(given)
    for (tool, arguments), (method, path, headers, body) in zip(given, received, strict=True):
        wanted = build_request(binder.bind(tool, arguments, None), KEY if tool.idempotency else None)
        query = f"?{wanted.query}" if wanted.query else ""
        assert (method, path) == (wanted.method, wanted.path + query)
        assert headers[registry.auth.name] == f"{registry.auth.prefix}key_x"
        if wanted.content is not None:
            assert json.loads(body) == json.loads(wanted.content)
        if wanted.parts is not None:
            message = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\n\n" + body)
            names = [part.get_param("name", header="content-disposition") for part in message.get_payload()]
            assert names == [part.name for part in wanted.parts]


def test_the_steps_of_a_composed_tool_come_first():
    registry = registry_of("retell_ai")
    text = CurlWriter(registry).command(registry.tools["create_agent"], {"voice_id": "v", "prompt": "Be brief."})
    assert re.findall(r"^# curl, (.+):$", text, re.MULTILINE) == ["step llm", "create_agent"]
    assert text.endswith("put that field of the answer to the request of STEP.")


def test_no_command_holds_a_key(spec_name):
    registry = registry_of(spec_name)
    writer = CurlWriter(registry)
    for tool, arguments in calls(registry):
        assert f"${registry.api.environment}_API_KEY" in writer.command(tool, arguments)


def test_quotes_in_values_stay_values(tmp_path, server):
    address, received = server
    registry = moved(registry_of("retell_ai"), address)
    prompt = 'It\'s "quoted", $HOME `id` \\ and\nnew'
    tool = registry.tools["update_retell_llm"]
    received.clear()
    run(CurlWriter(registry).command(tool, {"llm_id": "a b", "general_prompt": prompt}), tmp_path, registry)
    ((_, path, _, body),) = received
    assert path.endswith("/a%20b")
    assert json.loads(body) == {"general_prompt": prompt}
