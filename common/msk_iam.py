"""Tokens by which confluent-kafka's clients log in to Amazon MSK as AWS's credentials say (SASL's OAUTHBEARER).

A token is a signed URL in base64, valid for 15 minutes. librdkafka asks for the next one in a thread of its own once
four fifths of that time are over, whether anybody polls the client or not.
"""

from collections.abc import Callable

import structlog
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.credentials import CredentialProvider, Credentials
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaError, KafkaException

from common.clients import aws_credentials
from common.settings import Settings

TokenSource = Callable[[str], tuple[str, float]]
"""librdkafka's `oauth_cb`: from `sasl.oauthbearer.config`, which is empty here, to a token and the time of its end."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class _Found(CredentialProvider):
    """Credentials for the signer, which asks for them anew for each token: a role's are renewed by themselves."""

    METHOD = "settings"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def token_source(settings: Settings) -> TokenSource:
    """Return what signs a token for AWS_REGION, with the keys of the settings or where AWS's own tools find some.

    Raises:
        confluent_kafka.KafkaException: there are none.
    """
    provider = _Found(_credentials(settings))

    def next_token(_config: str) -> tuple[str, float]:
        try:
            token, end_ms = MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(
                settings.aws.region, provider
            )
        except (BotoCoreError, ClientError) as error:
            # The client says only that there is no token, and asks again after 10 s.
            log.warning("no token for MSK", reason=str(error))
            raise
        return token, end_ms / 1000

    return next_token


def _credentials(settings: Settings) -> Credentials:
    """Return the keys; that there are none is an error that whoever uses Kafka handles as one of Kafka's."""
    try:
        return aws_credentials(settings)
    except (BotoCoreError, ClientError) as error:
        text = f"no AWS credentials for KAFKA_SECURITY=iam: {error}. Set AWS_PROFILE, or both keys, in .env"
        raise KafkaException(KafkaError(KafkaError._AUTHENTICATION, text)) from error
