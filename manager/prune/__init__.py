"""Pruning: apply rules, carry out the plan, keep a journal and undo."""
