"""Where the notebook finds Review Board: ports, addresses, and its environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.processes import LOOPBACK, free_port
from services.reviewboard import Board

# Taken when free, so that every run looks the same; the notebook tells people about 8765.
BOARD_PORT, REDIRECT_PORT, RECEIVER_PORT = 18180, 8765, 18182

# The receiver's path for one integration's deliveries, and the redirect URI's.
HOOK_PATH = "/hooks/reviewboard"
REDIRECT_PATH = "/callback"

CREDENTIALS = (
    "REVIEWBOARD_CLIENT_ID",
    "REVIEWBOARD_CLIENT_SECRET",
    "REVIEWBOARD_SIGNING_SECRET",
)


@dataclass(frozen=True)
class Ports:
    """The loopback ports that one run of the notebook listens on."""

    redirect: int
    receiver: int

    @property
    def redirect_uri(self) -> str:
        """Where the authorization code returns."""
        return f"http://{LOOPBACK}:{self.redirect}{REDIRECT_PATH}"

    @property
    def hook_url(self) -> str:
        """Where deliveries are sent."""
        return f"http://{LOOPBACK}:{self.receiver}{HOOK_PATH}"


def choose_ports() -> Ports:
    """Two free ports."""
    return Ports(free_port(REDIRECT_PORT), free_port(RECEIVER_PORT))


def notebook_variables(board: Board, ports: Ports, data: Path) -> dict[str, str]:
    """What the notebook reads while Review Board runs; `data` holds its throwaway vault."""
    values = (board.client_id, board.client_secret, board.signing_secret)
    return dict(zip(CREDENTIALS, values, strict=True)) | {
        "REVIEWBOARD_URL": board.url,
        "CELLWIRE_REDIRECT_PORT": str(ports.redirect),
        "CELLWIRE_RECEIVER_PORT": str(ports.receiver),
        "CELLWIRE_DATA_DIR": str(data),
    }
