"""Example requests, and the acceptance flow for any running Rollcall."""
