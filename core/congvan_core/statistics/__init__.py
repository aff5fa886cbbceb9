"""Figures of sending, receiving and handling (khoản 5 Điều 21, điểm k khoản 1 Điều 24), counted from evidence."""
