"""The history of the tables, one file per step; ``upgrade`` walks it at every start."""
