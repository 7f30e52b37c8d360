"""The numbers of Postgres' advisory locks, each taken by all who take turns.

Any number will do, as long as all take the same one. Such a lock is of one database.
"""

PROVISIONING = 20_171_019
"""In the database postgres, by provisioning: making the served databases and bringing them up to date."""

BATCH_JOB = 20_171_020
"""In the database pinterest, by a batch run or a replay; `make verify` looks whether somebody has it."""
