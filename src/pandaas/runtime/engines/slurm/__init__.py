"""The engine `slurm`: work as jobs of the facility's Slurm. `engine` is the engine, `command` talks to Slurm."""
