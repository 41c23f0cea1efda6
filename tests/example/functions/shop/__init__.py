"""What the shop's own functions share."""
