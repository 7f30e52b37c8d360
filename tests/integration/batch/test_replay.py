"""Replays of quarantined records on real LocalStack, Postgres and Spark: corrected rules and records, failures."""

import json
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from common.clients import postgres_connection
from common.terminal import make_console
from contracts.tables import Table
from spark_jobs.batch.failures import AlreadyRunningError, RefusedError
from spark_jobs.batch.steps import StepFailedError
from spark_jobs.cleaning import rules
from spark_jobs.cleaning.rules import Rules, at
from spark_jobs.replay import __main__ as command
from spark_jobs.replay import store
from spark_jobs.replay.job import replay
from spark_jobs.replay.mended_file import KafkaPosition
from spark_jobs.replay.run import Report
from spark_jobs.replay.selection import Selection, topics
from spark_jobs.sinks import postgres
from tests.integration.batch.zone import Record, Row, Zone, picked
from tests.records import pin, user


class ReplayZone(Zone):
    """A bucket of its own, and replays of what the batch job set aside there."""

    def all(self) -> Selection:
        return Selection(topics(self.settings, None))

    def replay(self, mended: dict[KafkaPosition, str] | None = None, *, apply: bool = True) -> Report:
        report = replay(self.settings, self.all(), mended, apply=apply)
        assert report is not None
        return report

    def place(self, table: Table, partition: int, offset: int) -> KafkaPosition:
        return KafkaPosition(self.settings.topic(table), partition, offset)

    def everything(self) -> tuple[Any, ...]:
        return self.served(), self.stored()

    def marks(self) -> list[Row]:
        return self.rows(
            'SELECT partition, "offset", reasons, mended, run_id, replayed_at >= quarantined_at AS later'
            " FROM quarantine.replayed ORDER BY 1, 2"
        )

    def runs(self) -> list[tuple[Any, ...]]:
        return self.sql("SELECT mode, error IS NULL FROM ops.batch_runs ORDER BY run_id")


@pytest.fixture
def zone(zone: Zone) -> ReplayZone:
    return ReplayZone(zone.settings, zone.spark)


def strict_user() -> Rules:
    """The rules of users as they might once have been: nobody is older than 100."""
    lenient = rules.user()
    too_old = lenient.reasons["age_out_of_range"] | (at("years") > 100)
    return replace(lenient, reasons=lenient.reasons | {"age_out_of_range": too_old})


USERS: list[Record] = [
    *(user(1), user(2, age=120), user(3, age=130), user(3, age=33)),
    *(user(4, age=151), "{broken", user(5, age=-1)),
]
ENDS = {0: len(USERS)}


def land_users(zone: ReplayZone) -> None:
    zone.land("user", 0, 0, USERS)
    zone.land("pin", 1, 0, [pin(1), "null"])


def test_a_corrected_rule_lets_records_pass(zone: ReplayZone, monkeypatch: pytest.MonkeyPatch) -> None:
    land_users(zone)
    with monkeypatch.context() as earlier:
        earlier.setitem(rules.RULES, "user", strict_user)
        assert zone.counts(zone.run()) == {"pin": (2, 1, 0, 1), "user": (7, 2, 0, 5)}
    before = zone.everything()

    shown = zone.replay(apply=False)
    assert {each.table: each.by_reason for each in shown.verdicts} == {
        "pin": {"tombstone": (1, 0)},
        "user": {"age_out_of_range": (4, 2), "not_json": (1, 0)},
    }
    assert (shown.run_id, zone.everything(), zone.marks()) == (None, before, [])

    report = zone.replay()
    [account] = report.accounts
    # Of the two that pass, one is older than the row of its ind.
    assert (account.table, account.cleaned, account.duplicate, account.quarantined) == ("user", 1, 1, -2)
    assert picked(zone.served()["batch.users"], "ind", "age") == [(1, 30), (2, 120), (3, 33)]
    rejected = zone.served()["quarantine"]
    assert picked(rejected, "partition", "offset") == [(1, 1), (0, 4), (0, 5), (0, 6)]
    assert len(zone.stored()["quarantine"]) == 4
    mark = {"partition": 0, "reasons": ["age_out_of_range"], "mended": None, "run_id": report.run_id}
    marks = [mark | {"offset": offset, "later": True} for offset in (1, 2)]
    assert zone.marks() == marks
    assert zone.problems("user", ENDS) == []
    assert zone.problems("pin", {1: 2}) == []
    sums = zone.sql(
        "SELECT sum(read), sum(cleaned), sum(duplicate), sum(quarantined) FROM ops.batch_run_tables"
    )
    assert sums == [(9, 4, 1, 4)]

    after = zone.everything()
    assert zone.replay().run_id is None
    assert zone.run() is None
    assert (zone.everything(), zone.marks()) == (after, marks)
    assert zone.runs() == [("rebuild", True), ("replay", True)]

    assert zone.counts(zone.run(full=True)) == {"pin": (2, 1, 0, 1), "user": (7, 3, 1, 3)}
    assert zone.everything() == after
    assert zone.problems("user", ENDS) == []


def test_corrected_records_stay_corrected(zone: ReplayZone) -> None:
    land_users(zone)
    zone.run()
    mended = {
        zone.place("user", 0, 4): json.dumps(user(4, age=51)),
        zone.place("user", 0, 5): json.dumps(user(3, age=3)),
        # For the row of ind 1, which is of an earlier offset.
        zone.place("user", 0, 6): json.dumps(user(1, age=61, first_name="Zoë")),
        zone.place("pin", 1, 1): "still not JSON",
    }
    report = zone.replay(mended)
    [account] = report.accounts
    assert (account.cleaned, account.duplicate, account.quarantined) == (3, 0, -3)
    assert picked(zone.served()["batch.users"], "ind", "age") == [(1, 61), (2, 120), (3, 3), (4, 51)]
    [rejected] = zone.served()["quarantine"]
    assert (rejected["partition"], rejected["offset"], rejected["raw"]) == (1, 1, "null")
    assert rejected["reasons"] == ["tombstone"]
    assert [mark["mended"] for mark in zone.marks()] == list(mended.values())[:3]
    assert zone.problems("user", ENDS) == []
    after = zone.everything()

    zone.run(full=True)
    assert zone.everything() == after
    assert zone.problems("user", ENDS) == []
    zone.lose_bucket()
    zone.s3.create_bucket(Bucket=zone.settings.bucket)
    land_users(zone)
    assert zone.counts(zone.run())["user"] == (7, 4, 3, 0)
    assert zone.everything() == after
    assert zone.problems("user", ENDS) == []


def test_a_corrected_record_that_a_later_rule_rejects_is_known_as_it_landed(
    zone: ReplayZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.land("user", 0, 0, [user(1), user(2, age=-1)])
    zone.run()
    place, text = zone.place("user", 0, 1), json.dumps(user(2, age=110))
    zone.replay({place: text})
    with monkeypatch.context() as later:
        later.setitem(rules.RULES, "user", strict_user)
        assert zone.counts(zone.run(full=True)) == {"user": (2, 1, 0, 1)}
        assert picked(zone.served()["quarantine"], "raw") == [(text,)]
    assert zone.replay().accepted == 1
    [(landed, mended)] = zone.sql("SELECT raw, mended FROM quarantine.replayed")
    assert (json.loads(landed), mended) == (user(2, age=-1), text)


def test_a_replay_that_failed_is_repeated_without_harm(
    zone: ReplayZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.land("user", 0, 0, [user(1), user(1, age=-1), user(2, age=-1)])
    zone.run()
    before = zone.served()
    mended = {
        zone.place("user", 0, offset): json.dumps(user(ind, age=40)) for offset, ind in ((1, 1), (2, 2))
    }

    def fail(*_: object) -> int:
        raise OSError("the server died")

    with monkeypatch.context() as broken:
        broken.setattr(store, "move", fail)
        with pytest.raises(StepFailedError, match="replay: commit: the server died"):
            zone.replay(mended)
    assert (zone.served(), zone.marks()) == (before, [])
    assert zone.runs()[-1] == ("replay", False)
    [account] = zone.replay(mended).accounts
    assert (account.cleaned, account.duplicate, account.quarantined) == (2, 0, -2)
    assert picked(zone.served()["batch.users"], "age") == [(40,), (40,)]
    assert zone.problems("user", {0: 3}) == []


def test_the_command_selects_exports_takes_in_and_refuses(
    zone: ReplayZone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    land_users(zone)
    zone.run()
    monkeypatch.setattr(command, "load_settings", lambda: zone.settings)
    monkeypatch.setattr(command, "make_console", partial(make_console, width=200))
    file = tmp_path / "rejected.jsonl"
    command.main(topic="user", first="5", export=file)
    assert "2 records are in" in capsys.readouterr().err  # standard output may be the file
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(each["offset"], each["reasons"]) for each in lines] == [
        (5, ["not_json"]),
        (6, ["age_out_of_range"]),
    ]
    lines[1]["value"]["age"] = 65
    mended = tmp_path / "mended.jsonl"
    mended.write_text(json.dumps(lines[1]))
    command.main(mended=mended)
    assert "Nothing was changed: APPLY=1" in capsys.readouterr().out
    command.main(mended=mended, apply=True)
    assert "user: 1 out of quarantine, 1 of them cleaned, 0 duplicate" in capsys.readouterr().out
    command.main(reason="bad_ind")
    command.main(last="2020-01-01")
    assert capsys.readouterr().out.count("No record in the quarantine is selected") == 2

    with pytest.raises(RefusedError, match=r"1 of the mended records are not in quarantine.*\[0\] offset 0"):
        zone.replay({zone.place("user", 0, 0): "{}"})
    with closing(postgres_connection(zone.settings, "batch_writer")) as other:
        assert postgres.lock(other)
        with pytest.raises(AlreadyRunningError):
            zone.replay()
    zone.lose_bucket()
    with pytest.raises(RefusedError, match="make landed batch"):
        zone.replay()
