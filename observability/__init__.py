"""How the programs are seen: one vocabulary of stages, used by timings, statistics, metrics and spans alike."""
