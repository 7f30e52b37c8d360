"""Errors as notebooks know them: `ExecutionError`, whose text names the exception of the JVM."""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError


class ExecutionError(Exception):
    """A command of `dbutils` that failed; notebooks look for the Java exception's name in its text."""


def execution_error(command: str, java_class: str, message: str) -> ExecutionError:
    """Return the error of a command, such as `ls`, that failed with a Java exception."""
    return ExecutionError(f"An error occurred while calling {command}.\n: {java_class}: {message}")


def not_found(command: str, path: str) -> ExecutionError:
    """Return the error of a command whose path is not there."""
    return execution_error(command, "java.io.FileNotFoundException", f"No such file or directory {path}")


def illegal(command: str, message: str) -> ExecutionError:
    """Return the error of a command whose arguments are wrong."""
    return execution_error(command, "java.lang.IllegalArgumentException", message)


@contextmanager
def translated(command: str) -> Iterator[None]:
    """Raise what fails in the JVM as `ExecutionError`, without the JVM's stack."""
    try:
        yield
    except Py4JJavaError as error:
        cause = error.java_exception
        raise execution_error(command, cause.getClass().getName(), str(cause.getMessage())) from None
