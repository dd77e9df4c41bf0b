"""The engine `dask`: `engine` submits, `drive` leads one job's blocks through a cluster, `task` is what a worker does."""
