"""Accounting of image bytes, decided from plain values."""
