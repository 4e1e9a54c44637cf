"""MLOps Workshop: the working implementations behind the course."""

__version__ = "0.1.0"
