"""The Kinesis source's options: Databricks' names and defaults, errors that name the option."""

import pytest
from pyspark_kinesis_source.errors import OptionError
from pyspark_kinesis_source.options import MAX_BUFFER_BYTES, Options, parse_options
from pyspark_kinesis_source.timestamps import to_millis


def parse(**given: str) -> Options:
    return parse_options({"streamName": "s", **given}, default_position="latest")


def test_defaults() -> None:
    options = parse()
    assert options.streams == ("s",)
    assert (options.initial_position, options.at_millis) == ("latest", 0)
    assert options.max_records_per_fetch == 10_000
    assert options.max_fetch_bytes_per_second == 1e6
    assert options.fetch_buffer_bytes == MAX_BUFFER_BYTES
    assert options.max_records_per_trigger is None
    assert options.fail_on_data_loss
    assert (options.region, options.endpoint_url, options.access_key) == (None, None, None)


def test_names_in_any_case_and_values_with_units() -> None:
    options = parse_options(
        {
            "STREAMNAME": "a, b",
            "initialposition": "EARLIEST",
            "maxfetchrate": "2",
            "maxFetchDuration": "2m",
            "fetchBufferSize": "10mb",
            "minFetchPeriod": "250ms",
            "failOnDataLoss": "False",
            "shardsPerTask": "3",
            "coalesce": "true",
        },
        default_position="latest",
    )
    assert options.streams == ("a", "b")
    assert options.initial_position == "trim_horizon"
    assert options.max_fetch_bytes_per_second == 2e6
    assert (options.max_fetch_seconds, options.min_fetch_seconds) == (120, 0.25)
    assert options.fetch_buffer_bytes == 10 * 1024**2
    assert not options.fail_on_data_loss
    assert options.shards_per_task == 3
    assert options.ignored == ("coalesce",)


def test_options_of_files_and_of_fan_out_are_ignored_by_name() -> None:
    options = parse(format="json", inferSchema="true", consumerMode="polling", consumerName="c")
    assert options.ignored == ("consumerName", "format", "inferSchema")


def test_values_beyond_what_kinesis_or_spark_takes_are_lowered() -> None:
    options = parse(fetchBufferSize="20gb", maxRecordsPerFetch="50000")
    assert options.fetch_buffer_bytes == MAX_BUFFER_BYTES
    assert options.max_records_per_fetch == 10_000


def test_secrets_are_not_shown() -> None:
    shown = repr(parse(awsAccessKey="key", awsSecretKey="secret!", awsSessionToken="token!"))
    assert "secret!" not in shown
    assert "token!" not in shown


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("streamName", "a,,b", "different streams"),
        ("streamName", "a,a", "different streams"),
        ("streamName", "arn:aws:kinesis:us-east-1:1:stream/s", "names in streamName"),
        ("streamARN", "arn:aws:kinesis:us-east-1:1:stream/s", "one of the two"),
        ("initialPosition", "newest", "latest, trim_horizon"),
        ("initialPosition", "at_timestamp", "latest, trim_horizon"),
        ("initialPosition", '{"at_timestamp": "yesterday"}', "latest, trim_horizon"),
        ("initialPosition", '{"at": "2020-01-01T00:00:00Z"}', "latest, trim_horizon"),
        ("initialPosition", '{"at_timestamp": "2020", "format": "QQ"}', "QQ"),
        ("initialPosition", '{"at_timestamp": "2020", "format": 5}', "latest, trim_horizon"),
        ("maxRecordsPerFetch", "0", "a positive integer"),
        ("maxRecordsPerTrigger", "-5", "a positive integer"),
        ("maxRecordsPerTrigger", "1e3", "a positive integer"),
        ("maxFetchRate", "fast", "a positive number"),
        ("maxFetchRate", "nan", "a positive number"),
        ("maxFetchRate", "inf", "a positive number"),
        ("minFetchPeriod", "100ms", "200ms or more"),
        ("maxFetchDuration", "10 parsecs", "a duration"),
        ("fetchBufferSize", "big", "a size"),
        ("failOnDataLoss", "no", "true or false"),
        ("consumerMode", "efo", "polling"),
        ("endpointUrl", "localhost:4566", "http://"),
        ("awsAccessKey", "key", "awsSecretKey"),
        ("awsSessionToken", "token", "awsAccessKey"),
        ("roleExternalId", "id", "roleArn"),
        ("startingPosition", "latest", "no such option"),
    ],
)
def test_wrong_value_is_an_error_that_names_option_and_expectation(
    option: str, value: str, expected: str
) -> None:
    named = (
        "streamName" if option == "streamARN" else option.lower() if option.startswith("start") else option
    )
    with pytest.raises(OptionError, match=f"^option {named}: ") as caught:
        parse(**{option: value})
    assert expected in str(caught.value)


def test_stream_is_needed() -> None:
    with pytest.raises(OptionError, match="streamName"):
        parse_options({"region": "us-east-1"}, default_position="latest")


def test_stream_by_arn() -> None:
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    assert parse_options({"streamARN": arn}, default_position="latest").streams == (arn,)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("06/25/2020 10:23:45 PDT", None, "2020-06-25T17:23:45+00:00"),
        ("06/25/2020 10:23:45 PDT", "MM/dd/yyyy HH:mm:ss ZZZ", "2020-06-25T17:23:45+00:00"),
        ("2020-06-25T10:23:45.5Z", None, "2020-06-25T10:23:45.500+00:00"),
        ("2020-06-25T10:23:45+02:00", None, "2020-06-25T08:23:45+00:00"),
        ("2020-06-25 10:23:45", None, "2020-06-25T10:23:45+00:00"),
        ("2020-06-25T10:23:45.123 +0530", "yyyy-MM-dd'T'HH:mm:ss.SSS Z", "2020-06-25T04:53:45.123+00:00"),
        ("25.06.2020", "dd.MM.yyyy", "2020-06-25T00:00:00+00:00"),
    ],
)
def test_timestamps(text: str, pattern: str | None, expected: str) -> None:
    assert to_millis(text, pattern) == to_millis(expected)
