"""Quarantined records of the batch path, judged again: after a rule has been mended, or the records themselves."""
