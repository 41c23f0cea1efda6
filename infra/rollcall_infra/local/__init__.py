"""All of Rollcall on one machine: the ``rollcall`` command."""
