"""Example requests, and the acceptance flow of every running Rollcall."""
