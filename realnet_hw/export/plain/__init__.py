"""Drawing a plain SKiDL circuit: parts grouped by how they are connected, no coordinate given."""
