"""Test how fields of groups are found by the variables that set them."""

from pydantic import Field, SecretStr

from common.settings import VARIABLES, Settings
from common.settings.group import Group


class Disk(Group):
    size: int = 3
    key: SecretStr


class Server(Group):
    port: int
    disk: Disk
    token: SecretStr = Field(SecretStr("t"), validation_alias="TOKEN")


class Stack(Group):
    server: Server
    name: str = "x"


STACK = Stack.model_validate({"server": {"port": 1, "disk": {"key": "k"}}})


def test_the_variable_of_a_field_is_its_path_unless_it_has_a_name_of_its_own() -> None:
    assert [(variable.name, variable.path) for variable in Stack.variables()] == [
        ("NAME", ("name",)),
        ("SERVER_PORT", ("server", "port")),
        ("TOKEN", ("server", "token")),
        ("SERVER_DISK_SIZE", ("server", "disk", "size")),
        ("SERVER_DISK_KEY", ("server", "disk", "key")),
    ]


def test_a_variable_says_whether_it_is_required_and_whether_it_is_a_secret() -> None:
    said = {variable.name: (variable.is_required, variable.is_secret) for variable in Stack.variables()}
    assert said == {
        "NAME": (False, False),
        "SERVER_PORT": (True, False),
        "TOKEN": (False, True),
        "SERVER_DISK_SIZE": (False, False),
        "SERVER_DISK_KEY": (True, True),
    }


def test_each_value_has_the_path_of_its_field() -> None:
    assert dict(STACK.values()) == {
        ("name",): "x",
        ("server", "port"): 1,
        ("server", "token"): SecretStr("t"),
        ("server", "disk", "size"): 3,
        ("server", "disk", "key"): SecretStr("k"),
    }


def test_every_field_of_the_settings_has_a_variable_of_its_own() -> None:
    variables = [*Settings.variables()]
    assert {variable.name: variable for variable in variables} == VARIABLES
    assert len(variables) == len(VARIABLES) == len({variable.path for variable in variables})
