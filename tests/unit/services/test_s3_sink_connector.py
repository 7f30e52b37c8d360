"""A Confluent connector's properties: applied to the sink, taken as what it does anyway, or refused by name."""

import io
import re
from pathlib import Path

import pytest
import typer
from rich.console import Console

from common.settings import Settings
from services.s3_sink import connect
from services.s3_sink.buffer import Limits
from services.s3_sink.connect import keep, kept
from services.s3_sink.connector import ConnectorError, by_settings, from_properties, parse
from services.s3_sink.status import Status
from stack.local.isolated import make_settings
from stack.status.sink import print_sink

# As one writes it for MSK Connect.
COURSE = """
connector.class=io.confluent.connect.s3.S3SinkConnector
# the region of bucket and cluster
s3.region=us-east-1
s3.bucket.name=user-0a1b2c3d4e5f-bucket
topics.regex=0a1b2c3d4e5f.*
flush.size=1
tasks.max=3
schema.compatibility=NONE
storage.class=io.confluent.connect.s3.storage.S3Storage
format.class=io.confluent.connect.s3.format.json.JsonFormat
partitioner.class=io.confluent.connect.storage.partitioner.DefaultPartitioner
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
confluent.topic.bootstrap.servers=b-1.example:9098
confluent.topic.replication.factor=1
rotate.schedule.interval.ms=60000
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, USER_ID="0a1b2c3d4e5f")


def test_the_courses_properties_are_taken_and_each_is_explained(settings: Settings) -> None:
    connector = from_properties(settings, parse(COURSE))
    assert connector.topics == ("^(0a1b2c3d4e5f.*)$",)
    assert connector.limits == Limits(1, settings.s3_sink.flush_bytes, 60.0)
    names = [line.partition("=")[0] for line in COURSE.splitlines() if "=" in line]
    assert [re.match(r"[\w.]+", note)[0] for note in connector.notes] == names  # type: ignore[index]
    notes = dict(note.split(": ", 1) for note in connector.notes)
    assert notes["flush.size=1"] == "an object has up to 1 record"
    assert notes["tasks.max"] == "without effect, since one process lands all partitions"
    assert notes["s3.region=us-east-1"] == "as the sink does it"
    assert [note.partition("=")[0] for note in connector.applied] == [
        *("topics.regex", "flush.size", "rotate.schedule.interval.ms")
    ]


def test_what_is_not_spoken_of_is_as_the_settings_have_it(settings: Settings) -> None:
    assert from_properties(settings, {}) == by_settings(settings)
    limits = by_settings(settings).limits
    names = {
        "topics": "0a1b2c3d4e5f.pin, 0a1b2c3d4e5f.geo,0a1b2c3d4e5f.user,more",
        "rotate.interval.ms": "-1",
    }
    connector = from_properties(settings, names)
    assert connector.topics == ("0a1b2c3d4e5f.pin", "0a1b2c3d4e5f.geo", "0a1b2c3d4e5f.user", "more")
    assert connector.limits == limits


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "format.class=io.confluent.connect.s3.format.avro.AvroFormat",
            "always io.confluent.connect.s3.format.json.",
        ),
        (
            "partitioner.class=io.confluent.connect.storage.partitioner.TimeBasedPartitioner",
            "DefaultPartitioner",
        ),
        ("s3.bucket.name=<BUCKET_NAME>", "always user-0a1b2c3d4e5f-bucket, after USER_ID in .env"),
        ("s3.region=eu-west-2", "always us-east-1, by AWS_REGION in .env"),
        ("value.converter.schemas.enable=true", "always false"),
        ("topics.dir=landing", "always topics"),
        ("s3.compression.type=gzip", "always none"),
        ("flush.size=0", "should be a whole number from 1 on"),
        ("flush.size=many", "should be a whole number from 1 on"),
        ("rotate.interval.ms=0", "should be a whole number from 1 on"),
        (
            "topics=0a1b2c3d4e5f.pin",
            "it leaves out 0a1b2c3d4e5f.geo, 0a1b2c3d4e5f.user, which the batch path needs",
        ),
        ("topics.regex=<YOUR_UUID>.*", "of regular expressions only"),
        ("topics.regex=other.*", "it leaves out 0a1b2c3d4e5f.pin, 0a1b2c3d4e5f.geo, 0a1b2c3d4e5f.user"),
        ("topics.regex=0a1b2c3d4e5f", "it leaves out 0a1b2c3d4e5f.pin"),
        ("topics.regex=(?i)0A1B.*", "of regular expressions only"),
        (r"topics.regex=\w+\.\w+", "of regular expressions only"),
        ("topics.regex=(", "not a regular expression"),
    ],
)
def test_what_the_sink_does_not_do_is_refused_by_name(settings: Settings, line: str, said: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        from_properties(settings, parse(line))
    assert str(refused.value).startswith(f"{line}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["behavior.on.null.values", "aws.secret.access.key"])
def test_a_property_that_the_sink_does_not_know_is_refused_without_its_value(
    settings: Settings, name: str
) -> None:
    """It may be a password; so may be one without effect, such as confluent.topic.sasl.jaas.config."""
    with pytest.raises(ConnectorError) as refused:
        from_properties(settings, {name: "hush"})
    assert str(refused.value) == f"{name}: the sink does not know this property; leave it out"
    [note] = from_properties(settings, {"confluent.topic.sasl.jaas.config": "hush"}).notes
    assert note == "confluent.topic.sasl.jaas.config: without effect, since the topic is for a licence"


def test_all_that_is_refused_is_named_at_once(settings: Settings) -> None:
    text = "flush.size=-5\ntopics.dir=x\ntopics=a\ntopics.regex=.*\nrotate.interval.ms=1\nrotate.schedule.interval.ms=1"
    with pytest.raises(ConnectorError) as refused:
        from_properties(settings, parse(text))
    starts = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert starts == [
        *("flush.size=-5", "topics.dir=x", "topics=a", "topics and topics.regex"),
        "rotate.interval.ms and rotate.schedule.interval.ms",
    ]


def test_a_line_that_is_no_property_is_named() -> None:
    assert parse("! a comment\n\n a = b=c \na=d\n# x=y") == {"a": "d"}
    with pytest.raises(ConnectorError, match=r"line 2 is not name=value: flush\.size 1"):
        parse("a=b\nflush.size 1")


def test_properties_are_kept_until_others_or_none_are_given(settings: Settings) -> None:
    assert kept(settings) == by_settings(settings)
    keep(settings, COURSE)
    first = kept(settings)
    assert first == from_properties(settings, parse(COURSE))
    with pytest.raises(ConnectorError):
        keep(settings, "flush.size=0")
    assert kept(settings) == first
    keep(settings, "# none")
    assert kept(settings) == by_settings(settings)


def test_kept_properties_that_a_setting_has_outdated_are_refused(settings: Settings) -> None:
    keep(settings, "s3.region=us-east-1")
    with pytest.raises(ConnectorError, match=r"s3\.region=us-east-1: here it is always eu-west-2"):
        kept(settings.replace(AWS_REGION="eu-west-2"))


def test_the_command_says_what_each_property_is_or_that_nothing_was_changed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connect, "load_settings", lambda: settings)
    file = tmp_path / "connector.properties"
    connect.main()
    assert "by the settings of .env alone" in capsys.readouterr().out
    file.write_text(COURSE)
    connect.main(file)
    assert "flush.size=1: an object has up to 1 record" in capsys.readouterr().out.splitlines()
    file.write_text("topics.dir=x")
    for wrong in (file, tmp_path / "nowhere"):
        with pytest.raises(typer.Exit) as ended:
            connect.main(wrong)
        assert ended.value.exit_code == 2
        assert "Nothing was changed" in capsys.readouterr().err
    connect.main()
    assert "flush.size=1" in capsys.readouterr().out


def test_status_shows_what_the_sink_says_it_applies(settings: Settings) -> None:
    shown = io.StringIO()
    print_sink(Console(file=shown), settings)
    Status(settings.state_dir).write(list)
    print_sink(Console(file=shown), settings)
    assert not shown.getvalue()
    connector = from_properties(settings, parse(COURSE))
    Status(settings.state_dir, connector.applied).write(list)
    print_sink(Console(file=shown, width=400), settings)
    assert shown.getvalue().startswith(
        "\nS3 sink, by `make connector`: topics.regex=0a1b2c3d4e5f.*: every topic"
    )
    assert "flush.size=1: an object has up to 1 record; rotate" in shown.getvalue()
