"""Takes credentials out of text: URLs in it keep their host, never their user, password or keys.

`redact("rtsp://admin:secret@10.0.0.7/h264")` is `"rtsp://***@10.0.0.7/h264"`.
"""

import re

# User and password may hold any character, "/" and "@" among them, so whatever stands between "//" and the last "@"
# goes once there is a ":" in it; without one only the authority, which ends at the first "/", "?" or "#", can be meant.
_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s:]*:\S*@|[^\s/?#]*@)")
_SECRET = r"[\w.~%-]*(?:token|pass|pwd|key|auth|secret|sig|credential|session|usr|user|login)[\w.~%-]*"  # noqa: S105
_QUERY = re.compile(rf"(?P<key>[?&;]{_SECRET}=)[^&;#\s\"'<>]+", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with *** for the user and password of every URL, and for the values of query keys that hold secrets."""
    return _QUERY.sub(r"\g<key>***", _USER_INFO.sub(r"\g<scheme>***@", text))
