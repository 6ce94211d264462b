"""Which fusion finds best: chosen and proven from answers of the legs that were fetched once."""
