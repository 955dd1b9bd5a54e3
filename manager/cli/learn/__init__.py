"""The learn command."""
