"""What SPICE says that boards with these parts will do."""
