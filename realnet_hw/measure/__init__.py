"""Measuring a board: the station, the link, the fixture, the journal and the procedures."""
