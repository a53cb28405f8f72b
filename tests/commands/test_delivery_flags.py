"""--publish, --mqtt and --webhook stand for keys of the YAML and pass its checks."""

from pathlib import Path

import pytest

from streamseg.cli import main
from streamseg.commands.flag_types import Broker
from streamseg.commands.flags_to_config import merge
from streamseg.config import Config
from streamseg.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("broker.example.org", {"host": "broker.example.org"}),
        ("10.0.0.2:8883", {"host": "10.0.0.2", "port": 8883}),
        ("[fe80::1]:1884", {"host": "fe80::1", "port": 1884}),
    ],
)
def test_a_broker_has_a_host_and_perhaps_a_port(text: str, keys: dict[str, object]) -> None:
    assert Broker().convert(text, None, None) == keys


def test_flags_become_keys_and_others_stay() -> None:
    yaml = Config.model_validate({"mqtt": {"qos": 0, "port": 1884}, "webhook": {"timeout_s": 3}})
    flags = {"publish": "ipc:///run/a/b", "mqtt": {"host": "h"}, "webhook": "https://a/b"}
    config = merge(yaml, flags)
    assert config.publish.endpoint == "ipc:///run/a/b"
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.qos) == ("h", 1884, 0)
    assert (config.webhook.url, config.webhook.timeout_s) == ("https://a/b", 3)


@pytest.mark.parametrize(
    ("flag", "value", "reason"),
    [
        ("publish", "tcp://10.0.0.1:5556", "--publish: publish: endpoint: other machines reach it"),
        ("mqtt", {"host": "h", "port": 70000}, "--mqtt: mqtt.port: "),
        ("webhook", "ftp://a/b", "--webhook: webhook.url: "),
    ],
)
def test_what_cannot_be_names_its_flag(flag: str, value: object, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merge(Config(), {flag: value})
    assert str(caught.value).startswith(reason)


def test_a_broker_that_is_none_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "a.mp4", "--mqtt", "mqtt://10.0.0.2/"]) == 2
    assert "'mqtt://10.0.0.2/' is not HOST[:PORT]" in capsys.readouterr().err


def test_without_its_key_a_run_does_not_begin_and_the_url_keeps_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STREAMSEG_WEBHOOK_KEY", raising=False)
    out = tmp_path / "out"
    street = "synthetic://street?seconds=1&size=64x64"
    assert main(["run", street, "--out", str(out), "--webhook", "https://me:hidden@a/b"]) == 2
    assert main(["run", street, "--out", str(out), "--webhook", "https://me:hidden@a:99999/b?token=hidden"]) == 2
    told = capsys.readouterr().err
    assert "webhook.key_env: environment variable STREAMSEG_WEBHOOK_KEY is not set" in told and "hidden" not in told
    assert not out.exists()
