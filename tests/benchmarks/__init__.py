"""Measurements of the real code, printed as ratios; nothing here passes or fails."""
