"""Decides from plain values what a prune keeps and removes."""
