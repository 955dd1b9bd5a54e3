"""The throwaway engine and its registry."""
