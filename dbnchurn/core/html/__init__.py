"""HTML pages that need no other file: frame, pictures, and how numbers are written on them."""
