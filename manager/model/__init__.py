"""Plain values that every area shares: containers, images, snapshots, plans, names and units."""
