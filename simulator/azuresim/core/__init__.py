"""The simulated cloud itself: resources and state machines over a clock. Pure: no I/O, no threads, no random."""
