"""Bounces that follow no standard: recognised by their signs, read by their habits.

Nothing is imported here: the tables of habits take time to load, and most letters never need them.
"""
