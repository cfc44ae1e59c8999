"""What a browser would send: the fields of a form on a page as they stand."""

from html.parser import HTMLParser


def fields_of(page: bytes, holding: str) -> dict[str, str]:
    """The fields and values of the form that has a field of this name, as a browser sends them.

    Raises LookupError where no form has it.
    """
    parser = _Forms()
    parser.feed(page.decode())
    for form in parser.forms:
        if holding in form:
            return form
    raise LookupError(f"no form on the page has a field “{holding}”")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[dict[str, str]] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, fields and the options that are chosen."""
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.forms.append({})
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "input" and name:
            kind = given.get("type") or "text"
            if kind in {"checkbox", "radio"} and "checked" in given:
                form[name] = value or "on"
            elif kind not in {"checkbox", "radio", "file", "submit", "button", "image"}:
                form[name] = value
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if self._select not in form or "selected" in given:
                form[self._select] = value
        elif tag == "textarea" and name:
            self._area = name
            form[name] = ""

    def handle_endtag(self, tag: str) -> None:
        """Leave what began."""
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Take what stands in a text area."""
        if self._area:
            self.forms[-1][self._area] += data
