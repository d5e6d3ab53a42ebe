"""Sick and healthy runs, by which the rules are judged: how they are made (`bases`, `cases`) and kept (`recording`)."""
