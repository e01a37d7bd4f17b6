"""What to cite: BibTeX, and the papers of the method, the networks and the programs."""
