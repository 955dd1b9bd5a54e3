"""Steps and checks of lessons, decided from plain values."""
