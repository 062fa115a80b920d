"""Level-triggered machinery that knows neither Azure nor kopf."""
