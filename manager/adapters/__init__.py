"""Everything outside the process: engines, files, registries."""
