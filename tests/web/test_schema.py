"""Requests made up from the API's own description: every answer is one that it says there may be, and none a fault."""

import subprocess
import sys

import pytest

from tests.web.serving import OWNER_TOKEN, made_up, serving

ENDLESS = "/api/v1/updates"
"""It answers for as long as anybody listens."""
MORE_RULES = "positive_data_acceptance"
"""Some rules are no schema's, such as that the ends of a line differ: 422 may come to what a schema allows."""


@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(tmp_path):
    made_up(tmp_path / "out")
    with serving(tmp_path / "out") as client:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{client.port}/api/openapi.json"),
            *("-H", f"Authorization: Bearer {OWNER_TOKEN}", "--exclude-path", ENDLESS, "--exclude-checks", MORE_RULES),
            *("--max-examples", "5", "--seed", "1", "--no-color"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout or "0 failures" in done.stdout or "passed" in done.stdout, done.stdout
