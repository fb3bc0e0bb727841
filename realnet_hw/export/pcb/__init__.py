"""Printed circuit boards: where parts go, how they are joined, and what a fab is sent."""
