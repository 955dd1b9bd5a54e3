"""Registries: pull, push, tags, outdated images and logins."""
