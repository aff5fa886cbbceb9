"""The desk: pages for clerks, leaders, administrators and auditors, and the JSON API. A core of plain functions."""
