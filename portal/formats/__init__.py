"""How dates are written where nobody says otherwise: day, month, year; an hour has its zone."""
