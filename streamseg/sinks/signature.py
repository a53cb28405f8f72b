"""How a receiver knows that a webhook's request is ours and new: an HMAC over its time and its body.

    Streamseg-Signature: t=1767225600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd

t is the time of sending in seconds since 1970; v1 is HMAC-SHA256 (RFC 2104), in hex, over t, a full stop and the body.
"""

import hashlib
import hmac

HEADER = "Streamseg-Signature"


def sign(key: bytes, body: bytes, time_s: int) -> str:
    """The value of the header."""
    digest = hmac.new(key, b"%d." % time_s + body, hashlib.sha256).hexdigest()
    return f"t={time_s},v1={digest}"
