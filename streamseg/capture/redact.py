"""Takes credentials out of text: URLs in it keep their host, never their user, password or keys.

`redact("rtsp://admin:secret@10.0.0.7/h264")` is `"rtsp://***@10.0.0.7/h264"`.
"""

import re

_WORD = re.compile(r"\S+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://")
_AUTHORITY = re.compile(r"[^/?#]*@")
_SECRET = re.compile("token|pass|pwd|key|auth|secret|sig|credential|session|usr|user|login", re.IGNORECASE)
_KEY = re.compile(r"[?&;](?P<key>[\w.~%-]+)=")
_VALUE = re.compile(r"[^&;#\s\"'<>]+")


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(source: str) -> bool:
    """Whether a source is a URL, not the name of a file, in which :// may stand as well."""
    return _URL.match(source) is not None


def redact(text: str) -> str:
    """The text with *** for the user and password of every URL, and for the values of query keys that hold secrets.

    It takes time in proportion to the text, whatever that holds.
    """
    return _without_values(_WORD.sub(_without_users, text))


def _without_users(match: re.Match[str]) -> str:
    """User and password may hold any character, "/" and "@" among them.

    So whatever stands between "//" and the last "@" goes once there is a ":" in it; without one only the authority,
    which ends at the first "/", "?" or "#", can be meant.
    """
    word = match[0]
    last, kept, done = word.rfind("@"), list[str](), 0
    if last < 0:
        return word
    for scheme in _SCHEME.finditer(word):
        begin = scheme.end()
        if begin < done:
            continue
        kept.append(word[done:begin])
        done = begin
        if ":" in word[begin:last]:
            return "".join([*kept, "***", word[last:]])
        authority = _AUTHORITY.match(word, begin)
        if authority:
            kept.append("***@")
            done = authority.end()
    return "".join([*kept, word[done:]])


def _without_values(text: str) -> str:
    kept, done = list[str](), 0
    for key in _KEY.finditer(text):
        value = _VALUE.match(text, key.end())
        if key.start() >= done and value and _SECRET.search(key["key"]):
            kept += [text[done : key.end()], "***"]
            done = value.end()
    return "".join([*kept, text[done:]])
