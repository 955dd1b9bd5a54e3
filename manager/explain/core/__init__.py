"""The text of each page, composed from plain values."""
