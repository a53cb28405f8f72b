import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamseg.capture.redact import redact


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rtsp://u:p@10.0.0.7:554/h264", "rtsp://***@10.0.0.7:554/h264"),
        ("rtsp://10.0.0.7/h264", "rtsp://10.0.0.7/h264"),
        ("rtsp://token@10.0.0.7/h264", "rtsp://***@10.0.0.7/h264"),
        ("rtsp://u:p/a@s#s?@cam/x", "rtsp://***@cam/x"),
        ("http://h/x?token=abc&size=2", "http://h/x?token=***&size=2"),
        ("http://h/x?a=1&Access_Token=abc", "http://h/x?a=1&Access_Token=***"),
        ("http://h/x?user=me&pwd=a%20b&api_key=1#f", "http://h/x?user=***&pwd=***&api_key=***#f"),
        ("http://h/mail?to=a@b.c", "http://h/mail?to=a@b.c"),
        (
            "cannot open 'rtsp://u:p@h/x': refused, rtmp://a:b@k/y too",
            "cannot open 'rtsp://***@h/x': refused, rtmp://***@k/y too",
        ),
        ("/data/a@b.mp4", "/data/a@b.mp4"),
        ("plain text with a:b@c", "plain text with a:b@c"),
    ],
)
def test_table(text: str, wanted: str) -> None:
    assert redact(text) == wanted


_WORD = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\x85"), min_size=1, max_size=12)


@given(user=_WORD, password=_WORD, before=st.sampled_from(["", "error: ", "'"]), after=st.sampled_from(["", " gone"]))
@example(user="a", password="/@:?#", before="", after="")
@example(user="@#", password="0", before="", after="")
def test_no_password_survives(user: str, password: str, before: str, after: str) -> None:
    secret, login = f"<{password}>", user.replace(":", "")
    shown = redact(f"{before}rtsp://{login}:{secret}@camera.local/live{after}")
    assert shown == f"{before}rtsp://***@camera.local/live{after}"


@given(text=st.text(max_size=60))
def test_is_stable(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
