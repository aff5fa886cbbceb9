"""The signing tests' own fixture: a SoftHSM token."""

from support_hsm import hsm

__all__ = ["hsm"]
