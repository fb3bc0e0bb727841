"""Which part of a soldered board is wrong, and where to probe next.

``universe`` lists what can be wrong with a board, ``neighbours`` what lies beside what,
``dictionary`` holds what each fault would make one read, ``readings`` what was read, ``inference``
how probable each fault is then, ``values`` and ``pairs`` look further where it pays, ``probes``
says where to read next, and ``diagnosis`` puts all of it into a record, which ``report`` shows.
"""
