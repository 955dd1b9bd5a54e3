"""Commands for images and disk space."""
