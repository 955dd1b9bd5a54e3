"""Pages about words, addresses, images and containers."""
