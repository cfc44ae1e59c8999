"""The verbs of supportunits. Each takes ``by`` (who does it; None is the system) and ``at``."""
