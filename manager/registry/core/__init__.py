"""Manifests, versions, tags and transfer progress, decided from plain values."""
