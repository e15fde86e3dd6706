"""This machine beside a plain loop, interleaved: its speed and share of the peak, and the time to an accuracy."""

from mnist_tui.bench.throughput import BenchResult, Measurement, measure

__all__ = ["BenchResult", "Measurement", "measure"]
