"""Rollcall's shared code: the entities of user administration, on top of :mod:`rollcall.kit`."""

import gc

from rollcall.kit.precompiled import use_precompiled

# Importing a function makes about 100,000 objects, and they stay: looking for garbage among them
# every 2,000 objects, as Python would, is 3 % of a cold start's instructions.
gc.set_threshold(100_000)
use_precompiled()
