"""Spawn options, names, ports and readiness, decided from plain values."""
