"""Drafts at the desk: who acts, what file is shown, which key signs, where signed files come back from."""
