"""An OpenID provider on loopback: the one of allauth, as a site of its own."""
