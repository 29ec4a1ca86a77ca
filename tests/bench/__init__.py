"""`make bench`: our figures as ratios against a named anchor, both measured in the same run."""
