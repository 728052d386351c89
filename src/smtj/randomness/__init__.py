"""Random bits from a device, and what they are worth."""
