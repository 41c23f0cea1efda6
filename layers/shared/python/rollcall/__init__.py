"""Rollcall's shared code: the entities of user administration, on top of :mod:`rollcall.kit`."""

import gc

from rollcall.kit.precompiled import use_precompiled

# The import of a function creates about 100,000 objects that are never freed. Python's default, a
# garbage collection every 2,000 objects, takes 3 % of a cold start's instructions.
gc.set_threshold(100_000)
use_precompiled()
