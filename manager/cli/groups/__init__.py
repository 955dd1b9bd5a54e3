"""Commands for groups and containers."""
