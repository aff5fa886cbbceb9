"""Strategies for numbers, symbols and years of documents."""

from hypothesis import strategies as st

SYMBOLS = st.from_regex(r"\A[A-ZĐƯ][A-Za-zĐƯđư]{0,6}(-[A-ZĐƯ][A-ZĐƯa-zđư0-9]{0,8}){0,3}\Z")
NUMBERS = st.integers(1, 999_999).map(str) | st.from_regex(r"\A[1-9][0-9]{0,4}[a-z]?\Z")
YEARS = st.none() | st.integers(1945, 2099)
