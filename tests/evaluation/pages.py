"""A report's page, read as a browser would."""

from html.parser import HTMLParser
from pathlib import Path

EVIL = "<script>alert('x')</script>"
"""What a data set may call itself."""


class Page(HTMLParser):
    """Fails where a tag is not closed in order; keeps what is in it."""

    VOID = ("meta", "img")

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read_page(file: Path, *, pictures: int) -> Page:
    """The page in file: without scripts, with so many pictures of its own, and with nothing from elsewhere."""
    page = Page(file.read_text(encoding="utf-8"))
    assert "script" not in page.tags
    sources = [value for name, value in page.attributes if name == "src"]
    assert len(sources) == pictures and all(uri.startswith("data:image/jpeg;base64,") for uri in sources)
    assert not [value for _, value in page.attributes if value and value.startswith("http")]
    return page
