"""The explain command."""
