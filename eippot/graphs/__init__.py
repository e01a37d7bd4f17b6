"""From structures to graphs: neighbor lists, batches, reference energies."""
