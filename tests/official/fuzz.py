"""Let schemathesis judge the sandbox by `openapi.json`: `make sandbox-fuzz`, an hour with SECONDS=3600.

No answer may have another status, content type or form than the document says, and nothing may be accepted that the
document does not allow. Once with ids that stand for samples, and once with those that are refused.

One kind of report is no fault of the sandbox: in its stateful phase, schemathesis calls a multipart request with
several files "schema-violating" and, in the same report, a "positive test case". As sent, these requests fit the
document.
"""

import json
import subprocess
import sys
from pathlib import Path

from tool_runtime.sandbox import RunningClock, Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

ROOT = Path(__file__).resolve().parents[2] / "generated" / "retell_ai"
CHECKS = (
    "content_type_conformance",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "response_schema_conformance",
    "status_code_conformance",
)


def main(program: str, seconds: int) -> int:
    """Run schemathesis twice; returns 0 where it found nothing."""
    registry = json.loads((ROOT / "registry.json").read_bytes())
    codes = []
    for unknown_ids in ("sample", "refuse"):
        sandbox = Sandbox(registry, examples=True, api_keys={"key"}, unknown_ids=unknown_ids, clock=RunningClock(1000))
        with SandboxServer(sandbox) as server:
            words = [program, "run", str(ROOT / "openapi.json"), "--url", server.url, "--max-time", str(seconds // 2)]
            words += ["--header", "Authorization: Bearer key", "--checks", ",".join(CHECKS), "--continue-on-failure"]
            codes.append(subprocess.run(words, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
