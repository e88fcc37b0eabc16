"""Pages that need nothing else: their frame, their pictures and how numbers read on them."""
