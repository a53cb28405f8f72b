"""URLs that streams are pushed to, as logs, metrics and answers may show them."""

from urllib.parse import urlsplit

from streamseg.capture.redact import redact


def shown_url(url: str, stream: str | None) -> str:
    """The URL without user and password, and of RTMP without the key that its path ends in.

    Args:
        url: as the configuration has it.
        stream: its name; a path that ends in that holds no key.
    """
    shown = redact(url)
    if not url.startswith("rtmp"):
        return shown
    parts = urlsplit(shown)
    folder, _, last = parts.path.rpartition("/")
    if folder in ("", "/") or last == stream:
        return shown
    return parts._replace(path=f"{folder}/***", query="", fragment="").geturl()
