"""The files of a board, made from its circuit, and the proofs that they describe one circuit."""
