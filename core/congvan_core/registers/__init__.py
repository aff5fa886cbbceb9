"""The registers (sổ đăng ký văn bản đến, đi): books, gap-free numbers, entries and their exports."""

from congvan_core.registers.numbering import take_number
from congvan_core.registers.registering import Entry, register

__all__ = ["Entry", "register", "take_number"]
