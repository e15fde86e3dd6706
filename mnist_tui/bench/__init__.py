"""Benchmarks beside a plain loop: training speed as a fraction of the peak, and the time to an accuracy."""

from mnist_tui.bench.throughput import BenchResult, Measurement, measure

__all__ = ["BenchResult", "Measurement", "measure"]
