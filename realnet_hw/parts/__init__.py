"""The parts that boards are built from, and SKiDL circuits made of them."""
