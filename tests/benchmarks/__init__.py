"""Benchmarks of the real code, printed as ratios. They do not pass or fail."""
