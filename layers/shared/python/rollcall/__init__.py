"""Rollcall's shared code: the nouns of user administration, on top of :mod:`rollcall.kit`."""
