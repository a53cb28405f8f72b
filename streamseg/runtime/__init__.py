"""How stages become processes: frame store, bells, workers, supervisor. Nothing outside this room knows of these."""
