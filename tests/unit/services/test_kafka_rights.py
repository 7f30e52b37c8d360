"""Test which of a broker's ACLs provisioning takes for its own and no longer wanted, by their names."""

from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from common.settings import Settings
from services.provision.kafka_rights import declared, outdated
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, USER_ID="abcd")


def acl(name: str, principal: str = "dashboard", operation: str = "DELETE") -> AclBinding:
    """Return an ACL that is declared nowhere."""
    pattern, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    return AclBinding(
        ResourceType.TOPIC, name, pattern, f"User:{principal}", "*", AclOperation[operation], allow
    )


@pytest.mark.parametrize("name", ["*", "kafka-cluster", "pinterest-streaming", "abcd.pin", "abcd-dashboard"])
def test_what_is_ours_and_not_declared_is_outdated(settings: Settings, name: str) -> None:
    assert outdated({acl(name)}, settings) == {acl(name)}


@pytest.mark.parametrize(
    "name", ["abcde.pin", "abcde-dashboard", "abc.pin", "abcd0", "abcd_pin", "other", ""]
)
def test_what_is_of_another_id_or_of_nobody_stays(settings: Settings, name: str) -> None:
    assert outdated({acl(name)}, settings) == set()


def test_what_is_of_another_principal_stays(settings: Settings) -> None:
    assert outdated({acl("abcd.pin", principal="somebody")}, settings) == set()


def test_what_is_declared_stays_for_an_id_that_begins_with_ours_too(settings: Settings) -> None:
    longer = settings.replace(USER_ID="abcde")
    assert outdated(declared(settings) | declared(longer), settings) == set()
    assert outdated(declared(settings) | declared(longer), longer) == set()


def test_every_declared_name_of_an_id_is_known_as_its_own(settings: Settings) -> None:
    """So that a grant which is dropped from the declaration is taken away."""
    once = {acl(each.name, "dashboard", "ALTER") for each in declared(settings)}
    assert outdated(once, settings) == once
