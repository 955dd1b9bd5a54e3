"""What the commands do: one verb per file; values and events, nothing printed."""
