"""The evidence file: one archive that proves the sending and receiving of a document, checked without this program."""
