"""What objects consist of: handlers for `tokenize`, one module for each library.

Each handler takes an object and returns a simpler one. Handlers of a package are registered when a type of
that package is first seen; nothing here imports it earlier.
"""
