"""What a prune keeps and removes, decided from plain values."""
