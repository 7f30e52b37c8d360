"""Run notebooks without a browser: `make notebook-run`."""
