"""The test grounds: real servers on loopback, each started in a folder of its own and always cleaned up."""
