"""The LAMMPS pair style: its C++ sources, and how to build, find and check it."""
