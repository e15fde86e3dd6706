"""A compiler for chains of layers: a torch module's training step as one call into a C++ library made for it.

It knows torch modules, their tensors and plain settings; what it is used for does not matter to it. In order:

    layers = tracing.trace.trace(model)                 # the chain of its layers, from a symbolic run of `forward`
    plan = codegen.fusion.fuse_layers(layers)           # several layers per pass over memory
    sources = codegen.source.generate_source(plan)      # C++ that instantiates the templates in `cpp/`
    library = toolchain.build.build_library(sources, on_progress=print)    # compiled once, then cached on disk
    network = bindings.CompiledNetwork(library, images=16, threads=2)      # `step`, `logits` and `warp`

`unsupported.Unsupported` says why a network cannot be compiled, or not on this machine.
"""
