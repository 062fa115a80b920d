"""The Azure side: the only code that imports the Azure SDKs."""
