"""Benchmarks beside a plain loop: training speed as a fraction of the peak, and the time to an accuracy."""
