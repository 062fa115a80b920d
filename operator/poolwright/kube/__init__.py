"""The Kubernetes side: the client, the lease, events, and kopf as the watcher."""
