"""What people see of the operator from outside: metrics, logs, probes."""
