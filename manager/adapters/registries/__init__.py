"""Registries, spoken to by the OCI distribution API."""
