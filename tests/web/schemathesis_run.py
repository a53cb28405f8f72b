"""Has schemathesis make up requests from the API's own description, of a server with made-up results."""

import subprocess
import sys
from pathlib import Path

from tests.web.serving import OWNER_TOKEN, made_up, serving

ENDLESS = "/api/v1/updates"
"""It answers for as long as anybody listens."""
MORE_RULES = "positive_data_acceptance"
"""Some rules are no schema's, such as that the ends of a line differ: 422 may come to what a schema allows."""


def schemathesis(folder: Path, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Status 0 where it finds nothing; what it says. folder: an empty one."""
    made_up(folder / "out")
    with serving(folder / "out") as client:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{client.port}/api/openapi.json"),
            *("-H", f"Authorization: Bearer {OWNER_TOKEN}", "--exclude-path", ENDLESS, "--exclude-checks", MORE_RULES),
            *("--no-color", *arguments),
        ]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False)
