"""Export, the exported model, the ASE calculator."""
