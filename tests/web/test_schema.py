"""Requests made up from the API's own description: every answer is one that it says there may be, and none a fault."""

import re

import pytest

from tests.web.schemathesis_run import schemathesis


@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(tmp_path):
    done = schemathesis(tmp_path, "--phases", "fuzzing", "--max-examples", "6", "--seed", "1", timeout_s=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    asked = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert asked and asked[1] == asked[2] and int(asked[1]) > 100, done.stdout[-3000:]
