"""Resources that users own, and what happens to them when the owner is deleted."""
