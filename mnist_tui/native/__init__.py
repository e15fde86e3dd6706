"""A compiler for chains of layers: `forward` is traced, its layers fused, and C++ generated, compiled and loaded."""
