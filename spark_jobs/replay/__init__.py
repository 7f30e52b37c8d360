"""Quarantined records of the batch path, validated again: after a rule has been mended, or the records themselves."""
