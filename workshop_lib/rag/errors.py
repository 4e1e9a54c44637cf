"""What can go wrong with retrieval and its answers::

WorkshopError
└── RagError
    └── InvalidChunking        a size, an overlap or headings that no text can be split by
"""

from workshop_lib.errors import WorkshopError


class RagError(WorkshopError):
    """Something about documents, their index or the answers from it that a reader of the message can mend."""


class InvalidChunking(RagError):
    """A chunk size below 1, an overlap that is not below it, or headings that are not the text's own."""
