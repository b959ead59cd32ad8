"""Review Board, as explored in notebooks/reviewboard.ipynb."""

from integrations.reviewboard.client import ReviewBoard, ReviewRequest
from integrations.reviewboard.config import Server, reviewboard
from integrations.reviewboard.webhooks import Published, welcome

__all__ = ["Published", "ReviewBoard", "ReviewRequest", "Server", "reviewboard", "welcome"]
