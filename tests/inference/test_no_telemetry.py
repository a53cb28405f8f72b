"""Nothing that streamseg uses tells anyone that it is used."""

import os
import subprocess
import sys

_CONVERTS = """
import sys
from streamseg.config import ModelConfig
from streamseg.inference import load_network

load_network(ModelConfig(view=(64, 96), runner="openvino"))
print([name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""


def test_converting_a_network_loads_no_reporter(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _CONVERTS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    assert list((tmp_path / "streamseg").glob("*.xml")), "it was converted here"
