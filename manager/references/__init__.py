"""Image references: their grammar, what is wrong with a bad one, and the hosts they name."""
