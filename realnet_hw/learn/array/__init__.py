"""Boards of synapses that learn on the bench: equilibrium propagation, the host in the loop."""
