"""Learning on the circuit itself: equilibrium propagation with the host in the loop."""
