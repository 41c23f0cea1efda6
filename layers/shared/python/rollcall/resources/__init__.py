"""What users own, and what becomes of it when they are deleted."""
