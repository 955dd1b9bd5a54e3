"""A private, throwaway real engine with a registry beside it."""
