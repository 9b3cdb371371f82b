"""Words that all rooms share: grid and box, tables, parameters, stages, errors."""
