"""The tests mirror the code: ``tests/users`` for ``functions/users``, and so on."""
