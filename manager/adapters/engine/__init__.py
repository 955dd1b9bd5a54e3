"""The Docker SDK behind values of our own."""
