"""Known answers: short articles made from solved tickets, offered while filing and answering."""
