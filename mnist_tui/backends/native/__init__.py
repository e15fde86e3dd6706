"""A step as C++ made for one network and one processor, compiled when it is first needed and kept."""
