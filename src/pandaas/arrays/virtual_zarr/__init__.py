"""A dataset as a read-only Zarr store (format 3): its groups, arrays and attributes under the keys that Zarr gives them.

Nothing is converted or kept. `zarr.json` documents describe what the file holds, and a chunk's key gives the chunk as it
is stored, put into a Blosc frame where Zarr libraries don't know HDF5's own form, or else its decoded values
(docs/explanation/decisions/0013-arrays-as-zarr.md). Specification: https://zarr-specs.readthedocs.io/en/latest/v3/core/.
"""

from pandaas.arrays.virtual_zarr.keys import Key, parse_key

__all__ = ["Key", "parse_key"]
