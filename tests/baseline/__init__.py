"""A stack as the version before migrations made it, of frozen SQL and Delta logs: what upgrades are tested with."""
