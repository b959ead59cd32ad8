"""The figures of `make bench`, one module a figure or family of figures.

Each module has `figures()`, which yields (name, value, unit), and says in its docstring what is
divided by what, on which input.
"""
