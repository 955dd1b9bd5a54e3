"""The documents that the program writes about itself: commands, settings and the picture."""
