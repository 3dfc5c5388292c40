//! Rules of element types: NumPy 2 promotion, casting, and what each ufunc makes of its operands.
