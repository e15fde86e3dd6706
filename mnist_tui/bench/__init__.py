"""This machine's speed, beside a plain loop: interleaved rounds, medians, and the share of the peak."""

from mnist_tui.bench.measure import BenchResult, Measurement, measure

__all__ = ["BenchResult", "Measurement", "measure"]
