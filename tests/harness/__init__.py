"""What every test run stands on: own servers, no network, strict templates."""
