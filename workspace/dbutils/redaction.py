"""Hide the values of secrets that a notebook has read, in whatever it shows."""

from urllib.parse import quote

# A shorter one is a word or a number that other text has as well, such as LocalStack's key `test`.
_MIN_LENGTH = 6
_SHOWN = "[REDACTED]"
_hidden: set[str] = set()


def hide(value: str) -> None:
    """Have `redacted` replace this value from now on, and its form in a URL."""
    if len(value) >= _MIN_LENGTH:
        _hidden.update({value, quote(value, safe="")})


def redacted(text: str) -> str:
    """Return the text with `[REDACTED]` in the place of every secret that this process has read."""
    for value in sorted(_hidden, key=len, reverse=True):
        text = text.replace(value, _SHOWN)
    return text
