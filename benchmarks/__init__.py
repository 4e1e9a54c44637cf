"""Figures, measured beside a named peer in one run. Not part of the tests: `python -m benchmarks.NAME`."""
