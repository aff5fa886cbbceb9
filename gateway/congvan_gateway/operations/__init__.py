"""Running the program: roles, scheduler, metrics, doctor, benchmarks."""
