"""The HTTP protocol that registries speak."""
