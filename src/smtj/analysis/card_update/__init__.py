"""What a measurement changes on a device card."""
