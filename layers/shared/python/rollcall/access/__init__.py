"""Authorization: who is allowed to do what, and why."""
