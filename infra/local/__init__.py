"""Rollcall whole on one machine: the ``rollcall`` command."""
