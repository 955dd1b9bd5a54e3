"""Commands for pruning, its history and pins."""
