//! Native kernels, registered by name.
