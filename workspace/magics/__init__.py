"""The magics of notebooks: a cell's first line, such as %sql, or a line within Python, such as %time."""


class MagicError(RuntimeError):
    """A magic that cannot be done; the message is a sentence that says why and what to do."""
