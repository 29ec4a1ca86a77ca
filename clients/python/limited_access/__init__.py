"""A gateway's side of the decision API: ask, remember what may be remembered, and refuse when in doubt."""

from limited_access.client import Answer, Client, Source
from limited_access.feed import Follower
from limited_access.offline import NotGood, Verifier
from limited_access.transport import NoAnswer

__all__ = ["Answer", "Client", "Follower", "NoAnswer", "NotGood", "Source", "Verifier"]
