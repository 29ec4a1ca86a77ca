"""`make faults`: kill, freeze and double things on real servers, and count what was lost (nothing)."""
