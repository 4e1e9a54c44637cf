"""What a reader sees of a piece of HTML: no tags, comments, scripts, styles or frames."""

from html.parser import HTMLParser


class _Visible(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe"):
            self._hidden += 1
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "iframe"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def visible(source: str) -> str:
    """The text between the tags of `source`, with its white space, and the alternatives of its images."""
    parser = _Visible()
    parser.feed(source)
    parser.close()
    return "".join(parser.parts)
