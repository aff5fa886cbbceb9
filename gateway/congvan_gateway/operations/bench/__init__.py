"""Benchmarks: ours and the peer by turns in one run, printed as ratios."""
