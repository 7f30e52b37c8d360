"""Replays the source rows as posts through the HTTP API."""
