"""docs/other-apis.md, run as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_walk_from_a_document_to_a_first_call_runs_as_written(tmp_path):
    text = (ROOT / "docs" / "other-apis.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["yaml", "sh", "python", "sh", "sh"]
    (tmp_path / "books.yaml").write_text(blocks[0][1], encoding="utf-8")
    lines = ["set -e"]
    for kind, block in blocks[1:]:
        lines.append(block if kind == "sh" else f"python - <<'END'\n{block}END")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        ["sh", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    told = found.stdout
    assert "['isbn', 'title']" in told
    assert "0 gone, 0 breaking, 0 additive, 0 new, 1 same" in told
    assert "books: 1 tools, 1 types; 0 files changed" in told
