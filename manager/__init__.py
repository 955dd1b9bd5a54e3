"""Handle Docker images and containers as sets."""

__version__ = "0.1.0"
