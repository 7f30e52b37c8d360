"""Reconciliation after runs of the batch job: what was found to add up is not read again."""

from contracts.landing import object_key
from contracts.tables import Table
from operations.verify import proof
from operations.verify.run import compare_batch
from tests.integration.batch.zone import Zone
from tests.integration.reconciliation import Reads, data_files, reads, reconcile
from tests.records import geo, pin, user

__all__ = ["reads"]


def land_posts(zone: Zone) -> dict[Table, int]:
    """Land and clean three posts, of each topic a rejected record, or one older than another of its post."""
    zone.land("pin", 0, 0, [pin(1, title="old"), pin(1), pin(2), "{broken", pin(3)])
    zone.land("geo", 0, 0, [geo(1), geo(2, latitude=91), geo(2), geo(3), geo(3)])
    zone.land("user", 0, 0, [user(1), user(2), user(2, age=-1), user(3)])
    zone.run()
    return {"pin": 5, "geo": 5, "user": 4}


def test_only_what_is_new_is_read_again(zone: Zone, reads: Reads) -> None:
    settings, ends = zone.settings, land_posts(zone)
    reconcile(settings, ends)
    first = data_files(settings)
    assert (len(reads.objects), sorted(reads.files), reads.rows) == (3, first, 9)
    reads.clear()
    reconcile(settings, ends)
    assert reads == Reads()
    zone.land("pin", 0, 5, [pin(4), pin(4, title="newer"), pin(2, title="newer"), "null"])
    zone.land("pin", 1, 0, [pin(3, title="of a lower offset")])
    zone.run()
    ends["pin"] = 9
    fixed = {settings.topic(table): {0: end} for table, end in ends.items()}
    fixed[settings.topic("pin")][1] = 1
    stages = compare_batch(settings, fixed, proof.load(settings, zone.s3))
    assert [each.problems for each in stages] == [[], [], []]
    topic = settings.topic("pin")
    assert sorted(reads.objects) == [object_key(topic, 0, 5), object_key(topic, 1, 0)]
    assert sorted(reads.files) == sorted({*data_files(settings)} - {*first})
    assert reads.rows == 4  # two that are of the new run, and the two that are left of the first one
    assert [each.proved for each in stages] == [each.proved for each in compare_batch(settings, fixed)]


def test_a_run_of_everything_has_its_objects_trusted_and_its_rows_read(zone: Zone, reads: Reads) -> None:
    settings, ends = zone.settings, land_posts(zone)
    reconcile(settings, ends)
    reads.clear()
    zone.run(full=True)
    reconcile(settings, ends)
    assert (reads.objects, sorted(reads.files), reads.rows) == ([], data_files(settings), 9)
