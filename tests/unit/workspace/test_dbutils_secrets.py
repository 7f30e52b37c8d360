"""`dbutils.secrets`: scopes of settings and files, and values that are hidden in what is shown."""

from pathlib import Path

import pytest

from workspace.dbutils import ExecutionError, redacted, redaction
from workspace.dbutils.secrets import Secrets


@pytest.fixture(autouse=True)
def nothing_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests have read."""
    monkeypatch.setattr(redaction, "_hidden", set())


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """Return secrets of two scopes."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "password").write_bytes(b"hunter2/xyz\n")
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "region").write_text("eu-west-2")
    (tmp_path / "outside").write_text("no secret")
    return Secrets({"aws": {"region": "us-east-1", "key": "AKIA123"}}, tmp_path)


def test_get(secrets: Secrets) -> None:
    assert secrets.get("aws", "key") == "AKIA123"
    assert secrets.get(scope="aws", key="region") == "eu-west-2"
    assert secrets.get("mail", "password") == "hunter2/xyz"
    assert secrets.getBytes("mail", "password") == b"hunter2/xyz"


def test_lists(secrets: Secrets) -> None:
    assert [scope.name for scope in secrets.listScopes()] == ["aws", "mail"]
    assert [secret.key for secret in secrets.list("aws")] == ["key", "region"]
    assert str(secrets.list("mail")) == "[SecretMetadata(key='password')]"


@pytest.mark.parametrize(
    ("scope", "key"), [("mail", "user"), ("none", "key"), ("..", "outside"), ("mail", "../outside")]
)
def test_missing_secret_is_a_java_illegal_argument(secrets: Secrets, scope: str, key: str) -> None:
    expected = rf"IllegalArgumentException: Secret does not exist with scope: {scope} and key: {key}"
    with pytest.raises(ExecutionError, match=expected) as caught:
        secrets.get(scope, key)
    assert "aws/key, aws/region, mail/password" in str(caught.value)
    assert "AKIA123" not in str(caught.value)


def test_missing_scope(secrets: Secrets) -> None:
    with pytest.raises(ExecutionError, match="Secret scope none does not exist"):
        secrets.list("none")


def test_what_was_read_is_hidden(secrets: Secrets) -> None:
    shown = "s3n://AKIA123:hunter2%2Fxyz@posts and hunter2/xyz"
    assert redacted(shown) == shown
    secrets.get("aws", "key")
    secrets.get("mail", "password")
    assert redacted(shown) == "s3n://[REDACTED]:[REDACTED]@posts and [REDACTED]"


def test_a_word_is_not_hidden() -> None:
    Secrets({"aws": {"key": "test"}}, Path("/none")).get("aws", "key")
    assert redacted("a test") == "a test"
