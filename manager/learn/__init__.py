"""Lessons: read them, watch the engine, keep progress."""
