"""Single measurements, each run by itself: ``python -m bench.once.NAME``."""
