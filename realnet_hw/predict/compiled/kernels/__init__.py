"""What is compiled: the arithmetic, over lanes, each a board of its own, from tables.

A row of memory holds one figure for every lane. Rows of unknowns end with one for ground, which is
0; rows of equations and of matrix entries end with one into which goes what nobody needs.
"""
