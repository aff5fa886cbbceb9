"""Văn bản chờ kiểm tra: the review queue and the acts on it."""
