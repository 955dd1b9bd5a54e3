"""Pruning: settle the rules, carry out the plan, keep the journal and undo."""
