"""Who is in which group and organization."""
