"""A simulator of our own, compiled: many boards side by side, from tables that any deck gives.

``cards`` reads a deck, ``devices`` turns its elements into currents and charges, ``circuit``
numbers the unknowns and drops those that nothing asked for, ``ordering`` fixes the order of
elimination once for all boards, and ``kernels`` does the arithmetic. ``engine`` is the way in.
"""
