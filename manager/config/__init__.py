"""The settings file: its schema, kinds of values, sections and line numbers."""
