"""Commands for registries."""
