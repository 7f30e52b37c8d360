"""%run: another notebook's cells, in the namespace of this one."""

import re
import shlex
from dataclasses import dataclass, field

from workspace.magics import MagicError

_PARAMETER = re.compile(r"\$(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.S)
_USAGE = 'Write `%run ./notebook`, or `%run ./notebook $name="value"`, alone in its cell'


@dataclass(frozen=True)
class RunCall:
    """The notebook that a %run names, and the widgets' values that it gives."""

    path: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_run(text: str) -> RunCall:
    """Return what the text behind %run says.

    Raises:
        MagicError: it names no notebook, or holds more than one and its parameters.
    """
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise MagicError(f"%run: {error}. {_USAGE}.") from error
    if not words:
        raise MagicError(f"%run names no notebook. {_USAGE}.")
    found = [(word, _PARAMETER.fullmatch(word)) for word in words[1:]]
    wrong = [word for word, match in found if match is None]
    if wrong:
        raise MagicError(f"%run does not understand {wrong[0]!r}. {_USAGE}.")
    return RunCall(words[0], {match["name"]: match["value"] for _, match in found if match})
