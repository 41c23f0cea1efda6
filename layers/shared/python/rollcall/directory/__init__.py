"""The directory: every question about many users (U2-U5, B3, A3, A4)."""
