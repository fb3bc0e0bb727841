"""What cells draw with: symbol geometry, text extents, the sketch pad, KiCad's file format."""
