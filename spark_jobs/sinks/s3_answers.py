"""The answers of S3 in the errors of delta-rs, which passes them on as they came, in lines of XML."""

import html
import re

_REFUSAL = re.compile(
    r"Error performing (\w+ \S+)[^\n]*<\?xml[^>]*\?>\s*<Error>.*?<Message>(.*?)</Message>.*?</Error>",
    re.DOTALL,
)


def in_words(text: str) -> str:
    """Return the text with what S3 says in place of its XML, and before the request, which is long."""
    return _REFUSAL.sub(lambda found: f"{html.unescape(found[2]).strip()} ({found[1]})", text)
