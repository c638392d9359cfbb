"""Labels for documents: by rules, by a model, by people; how far they agree, and which are probably wrong."""

from danlu.data.label.functions import labelling_function

__all__ = ["labelling_function"]
