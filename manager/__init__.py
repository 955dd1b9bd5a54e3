"""Handle Docker images and containers as sets."""

__version__ = "0.2.0"
