"""The method measured: strategies of learning from few DFT labels, on real data sets."""
