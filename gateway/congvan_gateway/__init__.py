"""The running program: doors in and out, judgement, queues, console."""
