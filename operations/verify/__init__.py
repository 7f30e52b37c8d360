"""Reconciliation: what each hop holds, compared hop by hop, up to offsets that are fixed at the start."""
