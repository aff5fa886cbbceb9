"""The outbox, the couriers, retry, and the tracking of every recipient."""
