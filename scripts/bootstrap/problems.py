"""What stops a set-up, as one line that says what to do."""

import re
from pathlib import Path

_DISK = ("[Errno 28]", "[Errno 122]", "No space left on device")
_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "Connection refused",
    "Network is unreachable",
    "connection broken",
    "ConnectionResetError",
    "Connection aborted",
    "IncompleteRead",
)
# Where a constraint names the version, pip calls its absence a conflict with "the user".
_LACKING = re.compile(r"(?:No matching distribution found for|The user requested \(constraint\)) ([^\s;]+)")


class Problem(Exception):
    """The set-up can't go on. The message is the one line that the user reads."""


def explain(text: str, wheelhouse: Path | None) -> str:
    """Why pip failed, from what it wrote.

    The first cause in this list wins: a full disk makes later network calls fail, and a blocked network ends in
    pip's "no matching distribution", which says nothing of the network.
    """
    if any(sign in text for sign in _DISK):
        return "the disk is full. Free some space and run the same command again"
    if wheelhouse is not None:
        lacking = _LACKING.search(text)
        what = f"lacks {lacking[1]}" if lacking else "is not enough"
        return f"the wheelhouse {wheelhouse} {what}. Where there is a network, fill it again: make wheelhouse"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "the package index's certificate is not trusted, as behind a company's proxy. "
            "Name the company's certificate file in PIP_CERT and run the same command again"
        )
    if "ProxyError" in text or "Cannot connect to proxy" in text:
        return "the proxy in HTTPS_PROXY does not answer. Correct or unset it and run the same command again"
    if any(sign in text for sign in _NETWORK):
        return (
            "no package index can be reached. Connect and run the same command again; behind a proxy set HTTPS_PROXY; "
            "without any network use a folder filled elsewhere: WHEELHOUSE=DIR"
        )
    error = re.search(r"^\s*ERROR: (.+)$", text, re.MULTILINE)
    return f"pip stopped: {error[1] if error else 'it gave no reason'}"
