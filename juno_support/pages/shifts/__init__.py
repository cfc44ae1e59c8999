"""Pages of shifts: rota, plan, swaps, hand-over, log, report, meeting, card, calendar."""
