"""What the labels of DFT are tried for before anything is learnt from them."""
