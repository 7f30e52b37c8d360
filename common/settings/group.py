"""A group of settings, and which variable of the environment sets which field of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.fields import FieldInfo

FieldPath = tuple[str, ...]  # from the settings down to a field: ("kafka", "port")


@dataclass(frozen=True)
class Variable:
    """A variable of the environment, and the field that it sets."""

    name: str
    path: FieldPath
    field: FieldInfo

    @property
    def is_required(self) -> bool:
        """Return whether it has no default: `make setup` generates its value."""
        return self.field.is_required()

    @property
    def is_secret(self) -> bool:
        """Return whether its value must not be shown."""
        return self.field.annotation is SecretStr


class Group(BaseModel):
    """Settings that belong together. Nothing changes them.

    The variable of a field is the path to it in upper case: KAFKA_PORT sets `kafka.port`. A field of another group
    than its variable's name says has that name as its `validation_alias`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=False,
        use_attribute_docstrings=True,
    )

    @classmethod
    def variables(cls, path: FieldPath = ()) -> Iterator[Variable]:
        """Yield the variables of the group at `path`, those of the groups in it last."""
        inner: dict[FieldPath, type[Group]] = {}
        for name, field in cls.model_fields.items():
            here = (*path, name)
            if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
                inner[here] = field.annotation
            else:
                yield Variable(str(field.validation_alias or "_".join(here).upper()), here, field)
        for here, group in inner.items():
            yield from group.variables(here)

    def values(self, path: FieldPath = ()) -> Iterator[tuple[FieldPath, object]]:
        """Yield the path and the value of each field, of the groups in it too."""
        for name, value in self:
            here = (*path, name)
            if isinstance(value, Group):
                yield from value.values(here)
            else:
                yield here, value
