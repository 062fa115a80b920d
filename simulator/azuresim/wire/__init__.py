"""HTTP in front of the core: one adapter a service, routes in tables."""
