"""Fast evaluation of trained networks on the CPU, in C++ and without torch."""
